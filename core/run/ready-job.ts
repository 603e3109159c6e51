// A job whose starting point is there: its weights are located and the row that it would be stored as is known.
import { saveRunData, type RunCreation, type RunData, type Store } from "../store/index.ts";
import type { NewRun } from "../store/new-run.ts";
import { locateWeights, type ParentWeights, type WeightsOrigin } from "./initial-weights.ts";
import type { Job } from "./jobs.ts";
import type { RunOutcome } from "./lifecycle.ts";
import { gatherProvenance, type Provenance } from "./provenance.ts";
import { newRunRow } from "./run-row.ts";
import type { Workshop } from "./workshop.ts";

export interface ReadyJob {
  readonly job: Job;
  readonly row: NewRun;
  readonly weights: WeightsOrigin;
}

/** @param outcomes of the jobs before, by key */
export async function readyJob(
  job: Job,
  outcomes: ReadonlyMap<string, RunOutcome>,
  { engine }: Workshop,
): Promise<ReadyJob> {
  const { planned, manifest, split, network, sweep } = job;
  const parent = parentOf(job, outcomes);
  const weights = await locateWeights({
    network,
    settings: planned.settings,
    classes: manifest.classes,
    experimentFile: sweep.loaded.file,
    parent,
  });
  const provenance = { ...(await provenanceOf(sweep.loaded.file)), engine: engine.identity };
  const parentRunId = parent?.runId ?? null;
  const { loaded, plan } = sweep;
  const row = newRunRow({
    loaded,
    plan,
    planned,
    manifest,
    split,
    network,
    engine: engine.identity,
    provenance,
    weights,
    parentRunId,
  });
  return { job, row, weights };
}

/** Images and split of a job, which its row refers to. */
export function saveData(store: Store, job: Job): Promise<void> {
  return saveRunData(store, dataOf(job));
}

/** A new run for its recorder, which begins it in the spool. */
export function creationOf({ row, job }: ReadyJob): RunCreation {
  return { run: { ...row, createdAt: new Date() }, data: dataOf(job) };
}

function dataOf({ manifest, split, data: { inspection }, sweep: { plan } }: Job): RunData {
  return { manifest, source: plan.source, inspection, split, splitSettings: plan.split };
}

function parentOf({ parentKey }: Job, outcomes: ReadonlyMap<string, RunOutcome>): ParentWeights | null {
  const outcome = parentKey === null ? undefined : outcomes.get(parentKey);
  if (outcome === undefined || outcome.bestPath === null) return null;
  return { runId: outcome.summary.run, path: outcome.bestPath };
}

const gathered = new Map<string, Promise<Omit<Provenance, "engine">>>();

/** Once for each file: all runs of a sweep have the same. */
function provenanceOf(file: string): Promise<Omit<Provenance, "engine">> {
  const known = gathered.get(file) ?? gatherProvenance(file);
  gathered.set(file, known);
  return known;
}
