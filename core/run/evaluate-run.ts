// `exp evaluate RUN --data SOURCE`: the best checkpoint of a stored run on another labelled set. The evaluation becomes a phase of the
// run, named by the data set, so that the same data twice is one evaluation.
import { decodeListing } from "../data/decode-listing.ts";
import { listSource, prepareImages, type Listing, type Manifest, type Source, type SplitPart } from "../data/index.ts";
import type { Prepared } from "../data/sample.ts";
import { LockstepError } from "../errors.ts";
import { stateDigest } from "../model/digest.ts";
import type { State } from "../model/network.ts";
import { countTrainedOn, saveDataset, saveEvaluation, type RunRow } from "../store/index.ts";
import { FIRST_LINK, runDigest } from "../train/chain.ts";
import { readCheckpoint } from "../train/checkpoint.ts";
import type { Evaluation } from "../train/contract.ts";
import { compileForInference, evaluateOn } from "../train/evaluate.ts";
import type { ExternalPhase } from "../train/recorder.ts";
import { networkOf } from "./check-plan.ts";
import { mapClasses, type ClassWishes } from "./class-map.ts";
import { saveThumbnails } from "./images.ts";
import { readRecorded } from "./recorded.ts";
import type { RunConfig } from "./run-row.ts";
import { bestCheckpoint } from "./shared-run.ts";
import type { Workshop } from "./workshop.ts";

export interface EvaluateRequest {
  readonly run: RunRow;
  readonly source: Source;
  /** A part of the source's own, or null: all of it. */
  readonly part: SplitPart | null;
  readonly classes: ClassWishes;
  readonly onProgress: (what: string, done: number, total: number) => void;
}

export interface RunEvaluation extends Evaluation {
  readonly phase: ExternalPhase;
  readonly manifest: Manifest;
  readonly classMap: Readonly<Record<string, string | null>>;
  /** Samples that the run was trained on, by their bytes. */
  readonly seenSamples: number;
  /** Of weights and predictions. */
  readonly digest: string;
  /** Whether it was stored before, with every bit the same or not. */
  readonly before: "same" | "differs" | null;
}

type Tools = Pick<Workshop, "store" | "home" | "engine" | "resampler" | "observer" | "interrupt">;

/** The one epoch of an evaluation. */
const EPOCH = 1;

/** Evaluates and stores. @throws LockstepError "run-state", "data-invalid", "usage" */
export async function evaluateRun(request: EvaluateRequest, tools: Tools): Promise<RunEvaluation> {
  const { run, source, part, onProgress } = request;
  const { config, manifest: own } = await readRecorded(tools.store, run);
  const state = await bestState(run, tools);
  tools.observer.stage("looking at the images");
  const progress = (done: number, total: number) => onProgress("looking at images", done, total);
  const { onBadImage } = config;
  const listed = await listSource(source, { onBadImage, progress });
  const { listing, decoded: prepared } = await decodeListing(listed, { onBadImage }, (some) =>
    prepare(some, config, tools, onProgress),
  );
  const { manifest } = listing;
  const classMap = mapClasses(manifest, own.classes, request.classes);
  const samples = chosenSamples(manifest, classMap, part);
  const { evaluation, durationMs } = await compute(
    { request, config, own, manifest, classMap, samples, prepared, state },
    tools,
  );
  const phase = phaseOf(manifest, part);
  const digest = runDigest(FIRST_LINK, await stateDigest(state), evaluation.predictions);
  const hashes = samples.map((index) => manifest.samples[index]?.sha256 as string);
  const seenSamples = await countTrainedOn(tools.store, run, hashes);
  await saveDataset(tools.store, manifest, source);
  const { store, home, observer } = tools;
  await saveThumbnails({ store, home, onNotice: observer.notice }, { manifest, prepared }, samples);
  const { name, kernels } = tools.engine.identity;
  const about = { phase, datasetDigest: manifest.digest, part, samples: samples.length, seenSamples, classMap, digest };
  const events = eventsOf(evaluation, phase, durationMs);
  const before = await saveEvaluation(tools.store, run.runId, { ...about, engine: name, kernels, events });
  return { ...evaluation, phase, manifest, classMap, seenSamples, digest, before };
}

/** @throws LockstepError "run-state" where it is not here */
export async function bestState(run: RunRow, { store, home }: Pick<Tools, "store" | "home">): Promise<State> {
  const path = await bestCheckpoint(store, run.runId, home);
  if (path !== null) return (await readCheckpoint(path)).state;
  throw new LockstepError({
    code: "run-state",
    message: `run ${run.runId} (${run.status}) has no best checkpoint in ${home}.`,
    next: "Name a run that is done, on the machine that trained it.",
  });
}

/** Indices into the manifest, ascending. */
function chosenSamples(
  { name, samples, classes }: Manifest,
  classMap: Readonly<Record<string, string | null>>,
  part: SplitPart | null,
): number[] {
  const all = samples.map((_, index) => index);
  const ofPart = all.filter((index) => part === null || samples[index]?.officialPart === part);
  const chosen = ofPart.filter((index) => classMap[classes[samples[index]?.label ?? -1] ?? ""] !== null);
  if (chosen.length > 0) return chosen;
  throw new LockstepError({
    code: "data-invalid",
    message:
      ofPart.length === 0
        ? `${name} has no samples in a part "${part}" of its own`
        : `${name}: every class is left out`,
    next: "Without --part and --leave-out all samples take part.",
  });
}

function prepare(
  listing: Listing,
  { settings }: RunConfig,
  { resampler, observer }: Tools,
  onProgress: EvaluateRequest["onProgress"],
): Promise<Prepared> {
  observer.stage(`preparing ${listing.manifest.samples.length} images`);
  const progress = (done: number, total: number) => onProgress("preparing images", done, total);
  const { storeSizePx } = settings;
  return prepareImages(listing, { storeSizePx, resizer: resampler, progress, onNotice: observer.notice });
}

interface Work {
  readonly request: EvaluateRequest;
  readonly config: RunConfig;
  /** The data set that the run was trained on. */
  readonly own: Manifest;
  readonly manifest: Manifest;
  readonly classMap: Readonly<Record<string, string | null>>;
  readonly samples: readonly number[];
  readonly prepared: Prepared;
  readonly state: State;
}

async function compute(work: Work, tools: Tools): Promise<{ evaluation: Evaluation; durationMs: number }> {
  const { request, config, own, samples, prepared, state } = work;
  const { settings, positiveClass } = config;
  const network = networkOf({ ...request.run, settings }, own.classes.length);
  const program = await compileForInference(tools.engine, network, settings);
  tools.observer.stage(`evaluating ${samples.length} images`);
  let durationMs = 0;
  let done = 0;
  try {
    await program.load(state);
    const evaluation = await evaluateOn({
      program,
      manifest: asOwnClasses(work),
      prepared,
      resampler: tools.resampler,
      samples,
      batchSize: settings.batchSize,
      imageSizePx: settings.imageSizePx,
      evaluation: settings.evaluation,
      classes: network.classes,
      positive: own.classes.indexOf(positiveClass),
      signal: tools.interrupt.signal,
      onBatch: (batch) => {
        durationMs += batch.durationMs;
        done += batch.predictions.labels.length;
        request.onProgress("evaluating", done, samples.length);
      },
    });
    return { evaluation, durationMs };
  } finally {
    program.dispose();
  }
}

/** Labels as the run counts its classes; samples that are left out keep a label that nobody reads. */
function asOwnClasses({ own, manifest, classMap }: Work): Manifest {
  const indices = manifest.classes.map((name) => own.classes.indexOf(classMap[name] ?? ""));
  const samples = manifest.samples.map((sample) => ({ ...sample, label: indices[sample.label] as number }));
  return { ...manifest, classes: own.classes, samples };
}

function phaseOf({ digest }: Manifest, part: SplitPart | null): ExternalPhase {
  return `external:${digest.slice(0, 12)}${part === null ? "" : `/${part}`}`;
}

function eventsOf(
  { metrics, confusion, classMetrics, predictions }: Evaluation,
  phase: ExternalPhase,
  durationMs: number,
) {
  const imagesPerSecond = (predictions.labels.length * 1000) / durationMs;
  const at = { phase, epoch: EPOCH };
  return [
    { kind: "epoch", ...at, metrics, lr: null, durationMs, imagesPerSecond, stateDigest: null },
    { kind: "confusion", ...at, counts: confusion },
    { kind: "scores", ...at, scores: classMetrics },
    { kind: "predictions", ...at, ...predictions },
  ] as const;
}
