// The jobs of a sweep one after another. Each is kept, gone on with or trained anew; what others start from comes first.
import type { LockstepError } from "../errors.ts";
import { claimNew, claimStored, findEarlier, RESUMABLE, type OwnClaim, type EarlierRun } from "./claim.ts";
import { carryOut, type RunOutcome } from "./lifecycle.ts";
import type { Job } from "./jobs.ts";
import type { RunSummary } from "./observer.ts";
import { readyJob, saveData, type ReadyJob } from "./ready-job.ts";
import { wantsRetry, type FailedRun } from "./retry.ts";
import { failedEarlier, trainShared } from "./shared-run.ts";
import { nameOf, readSummary } from "./summary.ts";
import type { SweepOptions, SweepResult } from "./sweep.ts";
import type { Workshop } from "./workshop.ts";

export type Wishes = Pick<SweepOptions, "fresh" | "retryFailed">;

export async function runJobs(jobs: readonly Job[], wishes: Wishes, workshop: Workshop): Promise<SweepResult> {
  const outcomes = new Map<string, RunOutcome>();
  const startingPoints = new Set(jobs.map(({ parentKey }) => parentKey));
  for (const job of jobs.filter(({ key }) => startingPoints.has(key))) {
    const ready = await readyJob(job, outcomes, workshop);
    outcomes.set(job.key, await trainShared(ready, wishes, place(job, jobs), workshop));
  }
  const others = jobs.filter(({ key }) => !startingPoints.has(key));
  const ready = await Promise.all(others.map((job) => readyJob(job, outcomes, workshop)));
  const lookedUp = await lookUp(ready, wishes, workshop);
  const retryFailed = await wantsRetry(wishes.retryFailed, lookedUp.flatMap(failedBefore));
  for (const { one, earlier } of lookedUp) {
    const outcome = await goOnOrBegin(one, earlier, { retryFailed, jobs, workshop });
    outcomes.set(one.job.key, outcome);
    if (outcome.error?.code === "storage") break; // it would stop the next one too
  }
  return resultOf(jobs, outcomes);
}

interface LookedUp {
  readonly one: ReadyJob;
  /** What is gone on with; null: a new run. */
  readonly earlier: EarlierRun | null;
}

/** A sweep whose every run is done is finished: it makes new runs. */
async function lookUp(ready: readonly ReadyJob[], { fresh }: Wishes, { store }: Workshop): Promise<LookedUp[]> {
  const found = await Promise.all(
    ready.map(async (one) => ({ one, earlier: fresh ? null : await findEarlier(store.sql, one.row) })),
  );
  const finished = found.every(({ earlier }) => earlier?.status === "done");
  return finished ? ready.map((one) => ({ one, earlier: null })) : found;
}

function failedBefore({ one: { row }, earlier }: LookedUp): FailedRun[] {
  return earlier?.status === "failed" ? [{ row, earlier }] : [];
}

interface Context {
  readonly retryFailed: boolean;
  readonly jobs: readonly Job[];
  readonly workshop: Workshop;
}

async function goOnOrBegin(one: ReadyJob, earlier: EarlierRun | null, context: Context): Promise<RunOutcome> {
  const { retryFailed, jobs, workshop } = context;
  if (earlier?.status === "done") return kept(one, earlier.runId, workshop);
  if (earlier?.status === "failed" && !retryFailed) return failedEarlier(one, earlier);
  const claim = await claimRun(one, earlier, workshop);
  return carryOut(
    { ...one, name: nameOf(one.row, claim.runId), resume: claim.kind === "resume", ...place(one.job, jobs) },
    workshop,
  );
}

/** An unfinished run of ours, or a new one; a run that another process trains now stays its own. */
async function claimRun({ job, row }: ReadyJob, earlier: EarlierRun | null, { store }: Workshop): Promise<OwnClaim> {
  const goOn = earlier !== null && (RESUMABLE.includes(earlier.status) || earlier.status === "failed");
  const resumed = goOn ? await claimStored(store.sql, earlier.runId) : null;
  if (resumed !== null) return resumed;
  await saveData(store, job);
  return claimNew(store.sql, row);
}

async function kept({ row }: ReadyJob, runId: string, { store, observer }: Workshop): Promise<RunOutcome> {
  const summary = await readSummary(store, nameOf(row, runId));
  observer.notice(`${summary.experiment}/${summary.variant}/${summary.seed} is done already: run ${runId} is kept`);
  return { summary, bestPath: null, error: null };
}

/** Where a job stands among all, and how much work it and the later ones are. */
export interface Place {
  /** From 1. */
  readonly index: number;
  readonly total: number;
  readonly cost: number;
  readonly costAfter: number;
}

function place(job: Job, jobs: readonly Job[]): Place {
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
