// What every exp command begins with: the database, what earlier processes left in the spool, and the runs that died.
import { expHome } from "../home.ts";
import { openStore, type Store, type StoreOptions } from "./connect.ts";
import { markLostRuns } from "./runs.ts";
import { sendLeftovers, type LeftoverResult } from "./spool/leftovers.ts";

/** @param onNotice lines for people */
export async function openReadyStore(
  options: StoreOptions = {},
  onNotice: (text: string) => void = () => undefined,
): Promise<Store> {
  const store = await openStore(options);
  const { files, events, notices } = await sendLeftoverSpools(store, options.home);
  if (files > 0) onNotice(`Sent ${events} events that an earlier process had left in the spool.`);
  for (const notice of notices) onNotice(notice);
  await markLostRuns(store);
  return store;
}

/** Sends what no living process will. */
export function sendLeftoverSpools(store: Store, home = expHome()): Promise<LeftoverResult> {
  return sendLeftovers({ sql: store.sql, home });
}
