// One job of a sweep: kept where it is done, gone on with where it is unfinished, else begun.
import { claimStored, RESUMABLE, type EarlierRun, type OwnClaim } from "./claim.ts";
import { carryOut, type RunOutcome } from "./lifecycle.ts";
import { creationOf, type ReadyJob } from "./ready-job.ts";
import { failedEarlier } from "./shared-run.ts";
import { LockstepError } from "../errors.ts";
import { connectionError, isConnectionLoss } from "../store/connection-error.ts";
import { seedText } from "../store/seed-text.ts";
import { nameOf, readSummary, unfinished } from "./summary.ts";
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
  const claim = await claimRun(one, earlier, workshop).catch(errorIfAway(workshop));
  if (claim instanceof LockstepError) return unclaimed(one, earlier, claim);
  const name = nameOf(one.row, claim.runId);
  const begin = claim.kind === "resume" ? "resumed" : creationOf(one);
  return carryOut({ ...one, ...place, name, begin, pauseAfterEpoch }, workshop);
}

/** An unfinished run of ours, or a new one; a run that another process trains now stays its own. */
async function claimRun({ row }: ReadyJob, earlier: EarlierRun | null, { store }: Workshop): Promise<OwnClaim> {
  const goOn = earlier !== null && [...RESUMABLE, "pruned", "failed"].includes(earlier.status);
  const resumed = goOn ? await claimStored(store.sql, earlier.runId) : null;
  return resumed ?? { kind: "new", runId: row.runId };
}

/** A run that is gone on with has to be claimed in the database; the next one may be a new one. */
function errorIfAway({ store }: Workshop): (error: unknown) => LockstepError {
  return (error) => {
    if (isConnectionLoss(error)) return connectionError(error, store.name);
    throw error;
  };
}

function unclaimed({ row }: ReadyJob, earlier: EarlierRun | null, { message, next }: LockstepError): RunOutcome {
  const name = nameOf(row, earlier?.runId ?? row.runId);
  const error = new LockstepError({
    code: "database",
    message: `run ${row.experiment}/${row.variant}/${seedText(name)} is to go on, and its row cannot be claimed: ${message}`,
    next,
  });
  return { summary: unfinished(name, earlier?.status ?? "lost"), bestPath: null, error };
}

async function kept({ row }: ReadyJob, runId: string, { store, observer }: Workshop): Promise<RunOutcome> {
  const summary = await readSummary(store, nameOf(row, runId));
  observer.notice(`${summary.experiment}/${summary.variant}/${summary.seed} is done already: run ${runId} is kept`);
  return { summary, bestPath: null, error: null };
}
