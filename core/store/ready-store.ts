// What every exp command begins with: the database, what earlier processes left in the spool, and the runs that died.
import { expHome } from "../home.ts";
import { openStore, type Store, type StoreOptions } from "./connect.ts";
import { connectionError, isConnectionLoss } from "./connection-error.ts";
import { markLostRuns } from "./runs.ts";
import { releasedSpools, sendLeftovers, type LeftoverResult } from "./spool/leftovers.ts";
import { spoolFolder } from "./spool/spool-files.ts";

/** @param onNotice lines for people */
export async function openReadyStore(
  options: StoreOptions = {},
  onNotice: (text: string) => void = () => undefined,
): Promise<Store> {
  const store = await openStore(options);
  try {
    const sent = await sendLeftoverSpools(store, options.home);
    for (const line of leftoverLines(sent, store)) onNotice(line);
    await markLostRuns(store);
  } catch (error) {
    await store.close();
    throw isConnectionLoss(error) ? connectionError(error, store.url) : error;
  }
  return store;
}

/** Sends what no living process will. @param anyDatabase also what was recorded for another database */
export function sendLeftoverSpools(store: Store, home = expHome(), anyDatabase = false): Promise<LeftoverResult> {
  return sendLeftovers({ sql: store.sql, home, database: anyDatabase ? null : store.name });
}

/** At a command's end, which nothing here changes: what its own runs left is sent if the database takes it now, else said to wait. */
export async function sendReleased(store: Store, home: string, onNotice: (text: string) => void): Promise<void> {
  if (releasedSpools(home).length === 0) return;
  try {
    const { notices } = await sendLeftoverSpools(store, home);
    for (const notice of notices) onNotice(notice);
  } catch (error) {
    if (!isConnectionLoss(error))
      onNotice(`The database ${store.name} takes nothing now: ${(error as Error).message}.`);
  }
  const runs = new Set(releasedSpools(home).map(({ runId }) => runId)).size;
  if (runs > 0)
    onNotice(
      `${runs === 1 ? "A run waits" : `${runs} runs wait`} in ${spoolFolder(home)} for the database ${store.name}: ` +
        "exp spool flush, or the next exp command that reaches it, sends everything.",
    );
}

function leftoverLines({ files, events, notices, elsewhere }: LeftoverResult, { name }: Store): string[] {
  const sent = files === 0 ? [] : [`Sent ${events} events that an earlier process had left in the spool.`];
  const others = [...new Set(elsewhere)].map(
    (database) => `The spool holds events for the database ${database}, and this one is ${name}: see exp spool status.`,
  );
  return [...sent, ...notices, ...others];
}
