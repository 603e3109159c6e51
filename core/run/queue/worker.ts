// `exp worker`: takes runs out of the queue and trains them, one after another. What it cannot train (images that are not here) it gives
// back for others; what another worker left behind goes on from its last checkpoint.
import { setTimeout as sleep } from "node:timers/promises";
import { LockstepError } from "../../errors.ts";
import { markLostRuns, setRunStatus } from "../../store/index.ts";
import type { RunSummary } from "../observer.ts";
import { resumeRun } from "../resume.ts";
import type { Workshop } from "../workshop.ts";
import type { Queue, Taken } from "./queue.ts";

export interface WorkerOptions {
  /** Whether to end when nothing waits and nothing is being trained; else it waits for more. */
  readonly drain: boolean;
}

const POLL_MS = 1000;
/** A run that could not be begun so often has failed. */
const MOST_TRIES = 3;

/** @returns the runs that this worker ended @throws Interrupted; the run under way is given back */
export async function work(queue: Queue, { drain }: WorkerOptions, workshop: Workshop): Promise<RunSummary[]> {
  const ended: RunSummary[] = [];
  const { signal } = workshop.interrupt;
  for (;;) {
    signal.throwIfAborted();
    await markLostRuns(workshop.store);
    await queue.returnLost();
    const taken = await queue.take();
    if (taken !== null) ended.push(...(await train(taken, queue, workshop)));
    else if (drain && (await queue.unfinished()) === 0) return ended;
    else await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** @returns what came of it; nothing where it was given back */
async function train(taken: Taken, queue: Queue, workshop: Workshop): Promise<RunSummary[]> {
  const { run } = taken;
  if (run.status === "done") {
    await queue.done(taken); // its worker died between the run's end and the job's
    return [];
  }
  try {
    const { summary } = await resumeRun(run, { anyway: false, claimed: true }, workshop);
    if (summary.status === "interrupted") await queue.setAside(taken);
    else await queue.done(taken);
    return [summary];
  } catch (error) {
    await giveUpOrBack(taken, error, queue, workshop);
    return [];
  }
}

/** @throws what ends the worker */
async function giveUpOrBack(
  taken: Taken,
  error: unknown,
  queue: Queue,
  { store, observer, interrupt }: Workshop,
): Promise<void> {
  const { runId } = taken.run;
  const last = taken.retries + 1 >= MOST_TRIES && !interrupt.signal.aborted;
  if (error instanceof LockstepError && last) {
    const { code, message } = error;
    observer.notice(`${runId} has failed after ${MOST_TRIES} tries: ${message}`);
    await setRunStatus(store, runId, { status: "failed", digest: null, error: { code, message } });
    return queue.done(taken);
  }
  const reason = error instanceof Error ? error.message : String(error);
  observer.notice(`${runId} is given back: ${reason}`);
  await queue.giveBack(taken, reason);
  if (interrupt.signal.aborted || !(error instanceof LockstepError)) throw error;
}
