// The jobs of a sweep one after another. Each is kept, gone on with or trained anew; what others start from comes first.
import type { LockstepError } from "../errors.ts";
import type { Halving } from "../experiment/settings.ts";
import { advance, type LookedUp, type Place } from "./advance.ts";
import { findEarlier } from "./claim.ts";
import { isConnectionLoss } from "../store/index.ts";
import { runHalving } from "./halving.ts";
import type { RunOutcome } from "./lifecycle.ts";
import type { Job } from "./jobs.ts";
import type { RunSummary } from "./observer.ts";
import { enqueue } from "./queue/enqueue.ts";
import { openQueue } from "./queue/queue.ts";
import type { QueuedSweep } from "./queue/queued-sweep.ts";
import { readyJob, type ReadyJob } from "./ready-job.ts";
import { wantsRetry, type FailedRun } from "./retry.ts";
import type { RunStatus } from "../train/recorder.ts";
import { shareImages } from "./shared-images.ts";
import { trainShared } from "./shared-run.ts";
import type { SweepOptions, SweepResult } from "./sweep.ts";
import type { Workshop } from "./workshop.ts";

export type Wishes = Pick<SweepOptions, "fresh" | "retryFailed" | "queuePriority" | "shareImages">;

export async function runJobs(jobs: readonly Job[], wishes: Wishes, workshop: Workshop): Promise<SweepResult> {
  if (wishes.shareImages === true)
    await shareImages(
      jobs.filter(({ role }) => role === "own"),
      workshop,
    );
  const outcomes = new Map<string, RunOutcome>();
  const startingPoints = new Set(jobs.map(({ parentKey }) => parentKey));
  for (const job of jobs.filter(({ key }) => startingPoints.has(key))) {
    const ready = await readyJob(job, outcomes, workshop);
    outcomes.set(job.key, await trainShared(ready, wishes, placeOf(job, jobs), workshop));
  }
  const others = jobs.filter(({ key }) => !startingPoints.has(key));
  const ready = await Promise.all(others.map((job) => readyJob(job, outcomes, workshop)));
  const halving = others.find(({ role }) => role === "own")?.sweep.plan.halving ?? null;
  const lookedUp = await lookUp(
    ready,
    { fresh: wishes.fresh, over: halving === null ? ["done"] : ["done", "pruned"] },
    workshop,
  );
  const retryFailed = await wantsRetry(wishes.retryFailed, lookedUp.flatMap(failedBefore));
  if (wishes.queuePriority !== null)
    await enqueueEach(lookedUp, { priority: wishes.queuePriority, retryFailed, outcomes, halving }, workshop);
  else if (halving === null) await runEach(lookedUp, { jobs, retryFailed, outcomes }, workshop);
  else await runHalving(lookedUp, { halving, retryFailed, outcomes, firstIndex: outcomes.size }, workshop);
  return resultOf(jobs, outcomes);
}

interface Rest {
  readonly retryFailed: boolean;
  /** By the jobs' keys; filled here. */
  readonly outcomes: Map<string, RunOutcome>;
}

async function runEach(
  lookedUp: readonly LookedUp[],
  { jobs, retryFailed, outcomes }: Rest & { readonly jobs: readonly Job[] },
  workshop: Workshop,
): Promise<void> {
  for (const found of lookedUp) {
    const { job } = found.one;
    const outcome = await advance(found, { retryFailed, place: placeOf(job, jobs), pauseAfterEpoch: null }, workshop);
    outcomes.set(job.key, outcome);
    if (outcome.error?.code === "storage") break; // it would stop the next one too
  }
}

interface Search {
  readonly fresh: boolean;
  /** How a run has ended for good. */
  readonly over: readonly RunStatus[];
}

async function enqueueEach(
  lookedUp: readonly LookedUp[],
  { priority, retryFailed, outcomes, halving }: Rest & { readonly priority: number; readonly halving: Halving | null },
  workshop: Workshop,
): Promise<void> {
  const queue = await openQueue(workshop.store, workshop.engine.identity.name);
  try {
    for (const found of lookedUp)
      outcomes.set(
        found.one.job.key,
        await enqueue(found, { queue, priority, retryFailed, later: halving !== null }, workshop),
      );
    if (halving !== null) await queue.advance(sweepOf(lookedUp, outcomes, halving), priority);
  } finally {
    await queue.close();
  }
}

function sweepOf(
  lookedUp: readonly LookedUp[],
  outcomes: ReadonlyMap<string, RunOutcome>,
  halving: Halving,
): QueuedSweep {
  const runs = lookedUp.map(({ one: { job, row } }) => ({
    runId: outcomes.get(job.key)?.summary.run ?? row.runId,
    variant: row.variant,
  }));
  return { halving, epochs: lookedUp[0]?.one.job.planned.settings.epochs ?? 0, runs };
}

/** A sweep whose every run is over is finished: it makes new runs, as one whose database is away. */
async function lookUp(ready: readonly ReadyJob[], { fresh, over }: Search, workshop: Workshop): Promise<LookedUp[]> {
  const anew = ready.map((one) => ({ one, earlier: null }));
  if (fresh) return anew;
  try {
    const found = await Promise.all(
      ready.map(async (one) => ({ one, earlier: await findEarlier(workshop.store.sql, one.row) })),
    );
    return found.every(({ earlier }) => earlier !== null && over.includes(earlier.status)) ? anew : found;
  } catch (error) {
    if (!isConnectionLoss(error)) throw error;
    const { store, observer } = workshop;
    if (store.away === null) observer.notice("The database is away, so every run is a new one.");
    return anew;
  }
}

function failedBefore({ one: { row }, earlier }: LookedUp): FailedRun[] {
  return earlier?.status === "failed" ? [{ row, earlier }] : [];
}

function placeOf(job: Job, jobs: readonly Job[]): Place {
  const index = jobs.indexOf(job);
  const costAfter = jobs.slice(index + 1).reduce((sum, later) => sum + costOf(later), 0);
  return { index: index + 1, total: jobs.length, cost: costOf(job), costAfter };
}

/** Pixels that training looks at. */
function costOf({ planned: { settings }, split }: Job): number {
  return settings.epochs * split.train.length * settings.imageSizePx * settings.imageSizePx;
}

function resultOf(jobs: readonly Job[], outcomes: ReadonlyMap<string, RunOutcome>): SweepResult {
  const runs: RunSummary[] = [];
  const errors: LockstepError[] = [];
  for (const { key, role } of jobs) {
    const outcome = outcomes.get(key);
    if (outcome === undefined) continue;
    if (role === "own") runs.push(outcome.summary);
    if (outcome.error !== null) errors.push(outcome.error);
  }
  return { runs, errors };
}
