// All that is stored of a finished or unfinished run, read back whole: what `exp resume`, `verify`, `reproduce` and `bundle` work on.
import type { Manifest, SplitPart } from "../data/sample.ts";
import { LockstepError } from "../errors.ts";
import { parseSeed, seedFilter } from "../store/seed-text.ts";
import {
  findRun,
  listRuns,
  readBatches,
  readEpochs,
  readManifest,
  readPredictions,
  readSplitMembers,
  type RunRow,
  type Store,
  type StoredBatch,
  type StoredEpoch,
  type StoredPrediction,
} from "../store/index.ts";
import type { RunConfig, StoredProvenance } from "./run-row.ts";

export interface Recorded {
  readonly run: RunRow;
  readonly config: RunConfig;
  readonly provenance: StoredProvenance;
  readonly manifest: Manifest;
  /** Sample ids by part. */
  readonly members: Readonly<Record<SplitPart, readonly string[]>>;
  /** In the order in which they were made. */
  readonly batches: readonly StoredBatch[];
  readonly epochs: readonly StoredEpoch[];
  readonly testPredictions: readonly StoredPrediction[];
}

/** @throws LockstepError "run-state" where the run was not trained by us */
export async function readRecorded(store: Store, run: RunRow): Promise<Recorded> {
  if (run.kind !== "lockstep" || run.datasetDigest === null || run.splitDigest === null) {
    throw new LockstepError({
      code: "run-state",
      message: `run ${run.runId} is ${run.kind}: it was not trained by Lockstep, so nothing can be checked or run again.`,
    });
  }
  const members = await readSplitMembers(store, run.splitDigest);
  if (members === null) {
    throw new LockstepError({
      code: "run-state",
      message: `run ${run.runId}: its split ${run.splitDigest} is not stored.`,
    });
  }
  return {
    run,
    config: run.config as RunConfig,
    provenance: run.provenance as StoredProvenance,
    manifest: await readManifest(store, run.datasetDigest),
    members,
    batches: await readBatches(store, run.runId),
    epochs: await readEpochs(store, run.runId),
    testPredictions: await readPredictions(store, run.runId, "test"),
  };
}

/** Like `findRun`, but "experiment/variant/seed" also finds a run that is not done: the latest of any state. */
export async function findAnyRun(store: Store, name: string): Promise<RunRow> {
  const [experiment, variant, seed, ...rest] = name.split("/");
  const position = parseSeed(seed ?? "");
  if (position === null || rest.length > 0) return findRun(store, name);
  const [run] = await listRuns(store, { experiment, variant, ...seedFilter(position) }, { limit: 1 });
  return run ?? findRun(store, name);
}
