// A run that others start from. It is trained once for all: a finished one is kept, one that another process trains is waited for.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LockstepError } from "../errors.ts";
import { fetchArtifact } from "../store/artifacts/fetch-artifact.ts";
import type { NewRun } from "../store/new-run.ts";
import { markLostRuns, readArtifacts, type Store } from "../store/index.ts";
import { claimShared, type EarlierRun, type SharedClaim } from "./claim.ts";
import { failureOf, wantsRetry } from "./retry.ts";
import { carryOut, type RunOutcome } from "./lifecycle.ts";
import { creationOf, saveData, type ReadyJob } from "./ready-job.ts";
import type { Place } from "./advance.ts";
import type { Wishes } from "./run-jobs.ts";
import { nameOf, readSummary, unfinished } from "./summary.ts";
import type { Workshop } from "./workshop.ts";

const POLL_MS = 1000;

/** @throws LockstepError where it cannot be had: nothing that starts from it could run */
export async function trainShared(
  ready: ReadyJob,
  wishes: Wishes,
  place: Place,
  workshop: Workshop,
): Promise<RunOutcome> {
  const outcome = await obtain(ready, wishes, place, workshop);
  if (outcome.error !== null) throw outcome.error;
  if (outcome.bestPath === null) throw stopped(outcome);
  return outcome;
}

async function obtain(ready: ReadyJob, { retryFailed }: Wishes, place: Place, workshop: Workshop): Promise<RunOutcome> {
  const { store, home } = workshop;
  await saveData(store, ready.job);
  let claim = await claimWhenFree(ready.row, retryFailed === true, workshop);
  if (claim.kind === "failed" && (await wantsRetry(retryFailed, [{ row: ready.row, earlier: claim.earlier }])))
    claim = await claimWhenFree(ready.row, true, workshop);
  if (claim.kind === "failed") return failedEarlier(ready, claim.earlier);
  if (claim.kind === "done") {
    const bestPath = await bestCheckpoint(store, claim.runId, home);
    const name = nameOf(ready.row, claim.runId);
    if (bestPath !== null) return { summary: await readSummary(store, name), bestPath, error: null };
    claim = { kind: "new", runId: ready.row.runId }; // its file is gone, or on another machine
  }
  const { kind, runId } = claim;
  const begin = kind === "resume" ? "resumed" : creationOf(ready);
  return carryOut({ ...ready, name: nameOf(ready.row, runId), begin, ...place }, workshop);
}

/** Waits for another process that trains it. @returns never "busy" */
async function claimWhenFree(
  row: NewRun,
  retryFailed: boolean,
  { store, observer, interrupt }: Workshop,
): Promise<Exclude<SharedClaim, { kind: "busy" }>> {
  for (let waited = false; ; waited = true) {
    const claim = await claimShared(store.sql, row, retryFailed);
    if (claim.kind !== "busy") return claim;
    if (!waited) observer.stage(`waiting for run ${claim.runId}, which another process trains`);
    await sleep(POLL_MS, undefined, { signal: interrupt.signal }).catch(() => interrupt.signal.throwIfAborted());
    await markLostRuns(store);
  }
}

/** Absolute path of a finished run's best checkpoint, or null where the file is neither here nor in the artifact store. */
export async function bestCheckpoint(store: Store, runId: string, home: string): Promise<string | null> {
  const artifacts = await readArtifacts(store, runId);
  const best = artifacts.filter(({ kind, name }) => kind === "checkpoint" && name.startsWith("best-")).at(-1);
  return best !== undefined && (await fetchArtifact(store, home, best)) ? join(home, best.path) : null;
}

/** A run that failed before is not tried again unasked. */
export function failedEarlier({ row }: ReadyJob, earlier: EarlierRun): RunOutcome {
  const error = new LockstepError({
    code: "run-state",
    message: failureOf({ row, earlier }),
    next: "exp run --retry failed trains it again; --fresh makes new runs.",
  });
  return { summary: unfinished(nameOf(row, earlier.runId), "failed"), bestPath: null, error };
}

function stopped({ summary: { run, experiment, variant, seed } }: RunOutcome): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `run ${experiment}/${variant}/${seed} (${run}) was stopped, and other runs start from it.`,
    next: "The same command goes on with it.",
  });
}
