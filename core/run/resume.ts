// `exp resume RUN`: one interrupted, lost or failed run goes on from its last checkpoint and ends with the digest of an undisturbed one.
import type { Source } from "../data/index.ts";
import { LockstepError } from "../errors.ts";
import { updateRun, type RunRow } from "../store/index.ts";
import { claimStored } from "./claim.ts";
import { readCodeState } from "./code-digest.ts";
import { compareCode, compareManifests, countedNames } from "./differences.ts";
import { forgetAfter } from "./forget.ts";
import type { Job } from "./jobs.ts";
import { carryOut, runFolder, type RunOutcome } from "./lifecycle.ts";
import { rebuildJob } from "./rebuild.ts";
import { readRecorded, type Recorded } from "./recorded.ts";
import { findResumePoint } from "./resume-point.ts";
import { openShared } from "./shared-images.ts";
import { storedHooks, type ForeignHooks } from "./stored-hooks.ts";
import { storedWeights } from "./stored-weights.ts";
import type { Workshop } from "./workshop.ts";

export interface ResumeOptions {
  /** Go on although the code has changed: rows after the last checkpoint are made anew. */
  readonly anyway: boolean;
  /** Whether this process has claimed it already, as a worker of the queue does. */
  readonly claimed?: boolean;
  /** Default: a hook that is not here is not called. */
  readonly foreignHooks?: ForeignHooks;
  /** Ends the attempt after this epoch, paused; default: it goes to the run's end. */
  readonly pauseAfterEpoch?: number | null;
}

/** @throws LockstepError "run-state" where the run is not to be resumed, "verdict" where code or data have changed */
export async function resumeRun(
  run: RunRow,
  { anyway, claimed = false, foreignHooks = "leave", pauseAfterEpoch = null }: ResumeOptions,
  workshop: Workshop,
): Promise<RunOutcome> {
  if (!claimed) checkState(run);
  const { store, observer, home } = workshop;
  const recorded = await readRecorded(store, run);
  const instead = (source: Source) => openShared(recorded, source, workshop);
  const rebuilt = await rebuildJob(recorded, { source: null, watch: observer, instead });
  const { sweep } = rebuilt;
  const { hooks, release } = await storedHooks(recorded, foreignHooks, observer.notice);
  const job = { ...rebuilt, sweep: { ...sweep, plan: { ...sweep.plan, hooks } } };
  checkData(recorded, job);
  const codeChanged = checkCode(recorded, anyway);
  const weights = await storedWeights(recorded, workshop);
  if (!claimed && (await claimStored(store.sql, run.runId)) === null)
    throw notResumable(run, "another process was quicker");
  if (codeChanged !== null) {
    const { checkpoint } = await findResumePoint({ store, runId: run.runId, folder: runFolder(home, run.runId) });
    await forgetAfter(store, run.runId, checkpoint);
    const { digest, files } = readCodeState();
    const provenance = { ...recorded.provenance, codeFiles: files };
    await updateRun(store, run.runId, { codeDigest: digest, provenance });
  }
  const notes = codeChanged === null ? [] : [codeChanged];
  const { runId, experiment, variant, seed, fold } = run;
  const name = { run: runId, experiment, variant, seed, fold };
  const place = { index: 1, total: 1, cost: 1, costAfter: 0 };
  const begin = run.status === "queued" && recorded.batches.length === 0 ? "stored" : "resumed"; // what was put back goes on
  return carryOut({ job, name, weights, begin, notes, pauseAfterEpoch, ...place }, workshop).finally(release);
}

function checkState(run: RunRow): void {
  switch (run.status) {
    case "interrupted":
    case "paused":
    case "pruned":
    case "lost":
    case "failed":
      return;
    case "queued":
      throw notResumable(run, "it waits for a worker (exp queue)");
    case "done":
      throw notResumable(run, "it is done");
    default:
      throw notResumable(run, `it is ${run.status} in another process`);
  }
}

function notResumable({ runId, experiment, variant, seed }: RunRow, reason: string): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `run ${experiment}/${variant}/${seed} (${runId}) cannot be resumed: ${reason}.`,
    next: "exp resume takes interrupted, paused, pruned, lost and failed runs; exp runs lists them.",
  });
}

function checkData({ manifest, run }: Recorded, job: Job): void {
  if (job.manifest.digest === run.datasetDigest && job.split.digest === run.splitDigest) return;
  const { added, removed, changed } = compareManifests(manifest, job.manifest);
  const ids = changed.map(({ id }) => id);
  const what = [...countedNames("added", added), ...countedNames("removed", removed), ...countedNames("changed", ids)];
  throw new LockstepError({
    code: "verdict",
    message: `run ${run.runId}: its images are not those it was trained with: ${what.join(", ") || "the split differs"}.`,
    next: "Bring the images back, or start anew: exp run FILE --fresh.",
  });
}

/** @returns a notice where it has changed and that was allowed */
function checkCode({ run, provenance }: Recorded, anyway: boolean): string | null {
  const now = readCodeState();
  if (now.digest === run.codeDigest) return null;
  const files = compareCode(provenance.codeFiles, now.files).map(({ path, how }) => `${path} ${how}`);
  const what = `the code has changed since the run began: ${countedNames("files", files).join("")}`;
  if (anyway) return what;
  throw new LockstepError({
    code: "verdict",
    message: `run ${run.runId}: ${what}.`,
    next: "Check the old code out, or resume with --anyway: its digest is then no longer that of one code.",
  });
}
