// `exp run --queue`: the runs of a sweep into the queue instead of a training. What is done is kept, what waits or is being trained stays
// as it is, what is unfinished goes on from its checkpoint.
import type { LookedUp } from "../advance.ts";
import { insertQueued } from "../claim.ts";
import type { RunOutcome } from "../lifecycle.ts";
import { saveData } from "../ready-job.ts";
import { nameOf, readSummary, unfinished } from "../summary.ts";
import type { Workshop } from "../workshop.ts";
import type { Queue } from "./queue.ts";

export interface Enqueue {
  readonly queue: Queue;
  /** Higher ones are taken first. */
  readonly priority: number;
  readonly retryFailed: boolean;
  /** Whether `Queue.advance` sends them, once all have rows: a sweep with halving. */
  readonly later: boolean;
}

export async function enqueue(
  { one, earlier }: LookedUp,
  { queue, priority, retryFailed, later }: Enqueue,
  { store }: Workshop,
): Promise<RunOutcome> {
  const name = (runId: string) => nameOf(one.row, runId);
  if (
    earlier !== null &&
    (["done", "running", "queued"].includes(earlier.status) || (earlier.status === "failed" && !retryFailed))
  )
    return { summary: await readSummary(store, name(earlier.runId)), bestPath: null, error: null };
  if (earlier !== null) {
    if (!later) await store.sql.begin((sql) => queue.send(sql, earlier.runId, priority));
    else if (earlier.status === "failed")
      await store.sql`update runs set status = 'queued' where run_id = ${earlier.runId}`;
    return { summary: unfinished(name(earlier.runId), earlier.status), bestPath: null, error: null };
  }
  await saveData(store, one.job);
  const runId = await insertQueued(store.sql, one.row, (sql, id) =>
    later ? Promise.resolve() : queue.send(sql, id, priority),
  );
  return { summary: unfinished(name(runId), "queued"), bestPath: null, error: null };
}
