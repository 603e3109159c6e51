// The database for as long as a command works with it, with what earlier processes had left in the spool sent.
import { openReadyStore, type Store } from "../store/index.ts";
import { printNotice } from "./notice.ts";

/** @param onNotice lines for people */
export async function withStore<Result>(
  work: (store: Store) => Promise<Result>,
  onNotice: (text: string) => void = printNotice,
): Promise<Result> {
  const store = await openReadyStore({}, onNotice);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
