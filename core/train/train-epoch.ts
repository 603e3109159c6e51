// One epoch over the training samples, from the batch where the training stands.
import { batches, drawMixes, epochOrder, mixRows, trainingCrops, type Batch } from "../data/index.ts";
import type { Batch as EngineBatch, Program, StepResult } from "../engine/engine.ts";
import type { State } from "../model/network.ts";
import { reached } from "../phases.ts";
import { diverged, labelIn } from "./evaluate.ts";
import { stopIfAborted } from "./interruption.ts";
import type { KeptBatch, KeptFeatures } from "./kept-features.ts";
import { learningRate } from "./learning-rate.ts";
import type { Session } from "./session.ts";
import type { Stage } from "./stages.ts";
import { valLosses } from "./standing.ts";
import { dropoutMask, oneHotRows, stepTargets } from "./step-inputs.ts";
import { startWatch } from "./stopwatch.ts";

/** Leaves the session standing after the epoch's last batch. @returns the learning rate of the last step */
export async function trainEpoch(session: Session, program: Program, stage: Stage): Promise<number> {
  const { everySteps } = session.input.checkpoints;
  let lr = rateOf(session, stage, session.standing.batch);
  reached("loaded");
  let watch = startWatch(); // a batch's duration begins when it is waited for
  for await (const batch of keptOrCut(session)) {
    lr = rateOf(session, stage, session.standing.batch + 1);
    const { loss, correct } = await trainStep(session, program, { batch, lr });
    closeBatch(session, batch, { loss, correct, lr, durationMs: watch() });
    reached("first step");
    if (everySteps && stepOf(session) % everySteps === 0) await session.writeCheckpoint();
    stopIfAborted(session.input.signal);
    watch = startWatch();
  }
  await session.kept.train?.store();
  return lr;
}

/** What is left of the epoch: with kept features where all are known, else with images. */
function keptOrCut(session: Session): AsyncGenerator<Batch, void, void> | Iterable<KeptBatch> {
  const { kept, input, standing } = session;
  if (kept.train?.isComplete !== true) return batchesFrom(session, standing.batch);
  const order = orderFrom(session, standing.batch);
  return kept.train.batches(order, input.settings.batchSize, labelIn(input.data.manifest));
}

/** One step of the optimizer. @throws LockstepError "diverged" */
async function trainStep(
  session: Session,
  program: Program,
  { batch: data, lr }: { readonly batch: Batch | KeptBatch; readonly lr: number },
): Promise<StepResult> {
  const { settings } = session.input;
  const { epoch, batch, optimizerStep } = session.standing;
  const labels = labelsOf(session, data, batch + 1);
  const stepSettings = { lr, step: optimizerStep + 1, clipNorm: settings.clipNorm ?? undefined };
  const work = async (): Promise<StepResult> => {
    const kept = session.kept.train;
    if ("features" in data)
      return (kept as KeptFeatures).trainStep({ features: data.features, ...labels }, stepSettings);
    if (kept === null) return program.trainStep({ images: data.images, ...labels }, stepSettings);
    const features = await kept.compute(data.sampleIndices, data.images);
    return kept.trainStep({ features, ...labels }, stepSettings);
  };
  const result = await session.compute(work());
  if (!Number.isFinite(result.loss)) throw diverged(`train epoch ${epoch}, batch ${batch + 1}`, result.loss);
  return result;
}

/** What the program is given of a batch beside images or features. @param batch from 1 */
function labelsOf(
  { input, standing, classWeights }: Session,
  { labels, mixes }: Pick<Batch, "labels" | "mixes">,
  batch: number,
): Omit<EngineBatch, "images"> {
  const { settings, seed, network } = input;
  const { classes } = network;
  const smoothing = settings.labelSmoothing;
  const targets = stepTargets(mixRows(oneHotRows(labels, classes), classes, mixes), {
    classes,
    smoothing,
    classWeights,
  });
  const position = { seed, epoch: standing.epoch, batch, images: labels.length };
  return { ...targets, dropoutMask: dropoutMask(network, position) };
}

/** Of the weights as they are now, on the first batch of the epoch under way, as it was drawn. Nothing changes by it. */
export async function gradientsOfFirstBatch(session: Session, program: Program): Promise<State> {
  for await (const batch of batchesFrom(session, 0)) {
    const inputs = { images: batch.images, ...labelsOf(session, batch, 1) };
    return (await session.compute(program.gradients(inputs))).gradients;
  }
  return new Map();
}

interface ClosedStep extends StepResult {
  readonly lr: number;
  readonly durationMs: number;
}

/** The batch's link and row; the session stands after it. */
function closeBatch(
  session: Session,
  data: Pick<Batch, "labels" | "sampleIndices">,
  { loss, correct, lr, durationMs }: ClosedStep,
): void {
  const { input, standing, batchesPerEpoch: batchCount } = session;
  const { epoch, optimizerStep, validations } = standing;
  const at = { phase: "train", epoch, batch: standing.batch + 1 } as const;
  const n = data.labels.length;
  const sampleIds = data.sampleIndices.map((index) => input.data.manifest.samples[index]?.id as string);
  const chain = session.link(standing.chain, { ...at, sampleIds, loss, correct });
  const sums = {
    loss: standing.sums.loss + loss * n,
    correct: standing.sums.correct + correct,
    n: standing.sums.n + n,
    durationMs: standing.sums.durationMs + durationMs,
  };
  session.moved({ ...standing, batch: at.batch, optimizerStep: optimizerStep + 1, chain, sums });
  input.recorder.record({ kind: "batch", ...at, loss, correct, n, lr, durationMs, chain, counts: null });
  const means = { loss: sums.loss / sums.n, accuracy: sums.correct / sums.n };
  const progress = { ...at, ...means, batches: batchCount, lr, images: sums.n, ms: sums.durationMs };
  session.meter.batchDone(progress, validations);
}

/** @param done batches of the epoch that are left out */
function batchesFrom(session: Session, done: number): AsyncGenerator<Batch, void, void> {
  const { input, standing } = session;
  const { settings, seed, data } = input;
  const { manifest, prepared, resampler } = data;
  const { augment, batchSize, imageSizePx: sizePx } = settings;
  const { epoch } = standing;
  const order = orderFrom(session, done);
  const crops = trainingCrops({ prepared, manifest, augment, seed, epoch });
  const mixesOf = (i: number) => drawMixes({ augment, seed, epoch, batch: done + i + 1, sizePx });
  return batches({ manifest, prepared, resampler, order, batchSize, crops, sizePx, mixesOf });
}

/** Sample indices of the epoch under way. @param done batches of it that are left out */
function orderFrom({ input, standing }: Session, done: number): number[] {
  const { data, seed, settings } = input;
  return epochOrder(data.split.train, seed, standing.epoch).slice(done * settings.batchSize);
}

/** @param batch from 1 */
function rateOf({ input, standing, batchesPerEpoch }: Session, stage: Stage, batch: number): number {
  const { schedule, epochs } = input.settings;
  const losses = valLosses(standing).slice(stage.firstEpoch - 1);
  return learningRate(schedule, stage.lr, { epoch: standing.epoch, batch, epochs, batchesPerEpoch, losses });
}

function stepOf({ standing, batchesPerEpoch }: Session): number {
  return (standing.epoch - 1) * batchesPerEpoch + standing.batch;
}
