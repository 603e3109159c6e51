// `exp worker`: takes runs out of the queue and trains them, one after another. What it cannot train (images that are not here, hooks of
// others) it gives back for other workers and takes no more; what another worker left behind goes on from its last checkpoint.
import { setTimeout as sleep } from "node:timers/promises";
import { LockstepError } from "../../errors.ts";
import { hasReached, readRungValues } from "../../store/halving.ts";
import { markLostRuns, setRunStatus } from "../../store/index.ts";
import type { RunSummary } from "../observer.ts";
import { resumeRun } from "../resume.ts";
import type { Workshop } from "../workshop.ts";
import type { Queue, Taken } from "./queue.ts";

export interface WorkerOptions {
  /** Whether to end when nothing waits and nothing is being trained; else it waits for more. */
  readonly drain: boolean;
  /** Whether hooks that this machine's experiment file does not hold are run. */
  readonly trustCode: boolean;
}

const POLL_MS = 1000;
/** A run that so many workers could not begin has failed. */
const MOST_TRIES = 3;

/** @returns the runs that this worker ended @throws Interrupted; the run under way is given back */
export async function work(queue: Queue, options: WorkerOptions, workshop: Workshop): Promise<RunSummary[]> {
  const ended = new Map<string, RunSummary>(); // a run of a sweep with halving may come several times
  const notHere: string[] = []; // jobs
  const { signal } = workshop.interrupt;
  for (;;) {
    signal.throwIfAborted();
    await markLostRuns(workshop.store);
    await queue.returnLost();
    const taken = await queue.take(notHere);
    if (taken !== null) {
      const summary = await train(taken, options, { queue, workshop });
      if (summary === null) notHere.push(taken.jobId);
      else for (const one of summary) ended.set(one.run, one);
    } else if (options.drain && (await queue.unfinished(notHere)) === 0) return [...ended.values()];
    else await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** @returns what came of it; null: it was given back */
async function train(
  taken: Taken,
  { trustCode }: WorkerOptions,
  { queue, workshop }: { readonly queue: Queue; readonly workshop: Workshop },
): Promise<RunSummary[] | null> {
  const { run, leg } = taken;
  const finish = async (): Promise<void> => {
    for (const line of await queue.done(taken)) workshop.observer.stage(line);
  };
  if (run.status === "done" || (await stands(taken, workshop))) {
    await finish(); // its worker died between the run's end and the job's
    return [];
  }
  try {
    const { summary } = await resumeRun(
      run,
      {
        anyway: false,
        claimed: true,
        foreignHooks: trustCode ? "trust" : "refuse",
        pauseAfterEpoch: leg?.pauseAfterEpoch ?? null,
      },
      workshop,
    );
    if (summary.status === "interrupted") await queue.setAside(taken);
    else await finish();
    return [summary];
  } catch (error) {
    return (await giveUpOrBack(taken, error, queue, workshop)) ? [] : null;
  }
}

/** Whether the run stands at the rung that it was to come to; then it is as it was before it was taken. */
async function stands({ run, leg }: Taken, { store }: Workshop): Promise<boolean> {
  if (run.status !== "paused" || leg === null || leg.pauseAfterEpoch === null) return false;
  const { metric } = leg.sweep.halving;
  const values = await readRungValues(store, [run.runId], { metric, epoch: leg.pauseAfterEpoch });
  if (!hasReached(values.get(run.runId), leg.pauseAfterEpoch)) return false;
  await store.sql`update runs set status = 'paused' where run_id = ${run.runId} and status = 'running'`;
  return true;
}

/** @returns whether the run has failed by it @throws what ends the worker */
async function giveUpOrBack(
  taken: Taken,
  error: unknown,
  queue: Queue,
  { store, observer, interrupt }: Workshop,
): Promise<boolean> {
  const { runId } = taken.run;
  const last = taken.retries + 1 >= MOST_TRIES && !interrupt.signal.aborted;
  if (error instanceof LockstepError && last) {
    const { code, message } = error;
    observer.notice(`${runId} has failed on ${MOST_TRIES} workers: ${message}`);
    await setRunStatus(store, runId, { status: "failed", digest: null, error: { code, message } });
    await queue.done(taken);
    return true;
  }
  const reason = error instanceof Error ? error.message : String(error);
  const next = error instanceof LockstepError && error.next !== null ? ` ${error.next}` : "";
  observer.notice(`${runId} is given back: ${reason}${next}`);
  await queue.giveBack(taken, reason);
  if (interrupt.signal.aborted || !(error instanceof LockstepError)) throw error;
  return false;
}
