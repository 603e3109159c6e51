// Runs in the queue of a sample dashboard: one that is trained, others that wait, each for another reason.
import { openQueue } from "../../core/run/queue/queue.ts";
import { changeQueue } from "../../core/store/queue.ts";
import type { SampleDashboard } from "./sample-dashboard.ts";

/** @returns ids by standing */
export async function queueSomeRuns({ store, runs }: SampleDashboard): Promise<Record<string, string>> {
  const queue = await openQueue(store, "portable");
  const chosen = runs
    .filter(({ experiment, status }) => experiment === "learning-rate" && status === "done")
    .slice(0, 4);
  const [running = "", given = "", paused = "", waiting = ""] = chosen.map(({ runId }) => runId);
  await store.sql`update runs set status = 'queued', digest = null where run_id in ${store.sql(chosen.map(({ runId }) => runId))}`;
  let priority = chosen.length;
  for (const { runId } of chosen) await store.sql.begin((sql) => queue.send(sql, runId, --priority));
  await queue.take([]);
  const taken = await queue.take([]);
  if (taken !== null) await queue.giveBack(taken, "its images are not here: /data/breast");
  await changeQueue(store, paused, "pause");
  await queue.close();
  return { running, given, paused, waiting };
}
