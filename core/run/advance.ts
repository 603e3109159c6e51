// One job of a sweep: kept where it is done, gone on with where it is unfinished, else begun.
import { claimNew, claimStored, RESUMABLE, type EarlierRun, type OwnClaim } from "./claim.ts";
import { carryOut, type RunOutcome } from "./lifecycle.ts";
import { saveData, type ReadyJob } from "./ready-job.ts";
import { failedEarlier } from "./shared-run.ts";
import { nameOf, readSummary } from "./summary.ts";
import type { Workshop } from "./workshop.ts";

export interface LookedUp {
  readonly one: ReadyJob;
  /** What is gone on with; null: a new run. */
  readonly earlier: EarlierRun | null;
}

/** Where a job stands among all, and how much work it and the later ones are. */
export interface Place {
  /** From 1. */
  readonly index: number;
  readonly total: number;
  readonly cost: number;
  readonly costAfter: number;
}

export interface Advance {
  readonly retryFailed: boolean;
  readonly place: Place;
  /** Null: to its end. */
  readonly pauseAfterEpoch: number | null;
}

export async function advance(
  { one, earlier }: LookedUp,
  { retryFailed, place, pauseAfterEpoch }: Advance,
  workshop: Workshop,
): Promise<RunOutcome> {
  if (earlier?.status === "done") return kept(one, earlier.runId, workshop);
  if (earlier?.status === "failed" && !retryFailed) return failedEarlier(one, earlier);
  const claim = await claimRun(one, earlier, workshop);
  const name = nameOf(one.row, claim.runId);
  return carryOut({ ...one, ...place, name, resume: claim.kind === "resume", pauseAfterEpoch }, workshop);
}

/** An unfinished run of ours, or a new one; a run that another process trains now stays its own. */
async function claimRun({ job, row }: ReadyJob, earlier: EarlierRun | null, { store }: Workshop): Promise<OwnClaim> {
  const goOn = earlier !== null && [...RESUMABLE, "pruned", "failed"].includes(earlier.status);
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
