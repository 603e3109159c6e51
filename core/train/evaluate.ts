// Evaluation of a network on labelled samples, batch by batch: for validation, the test stage and other data sets. The loss is plain
// cross-entropy in double precision, without label smoothing.
import { batches, evaluationCrops, type Batch } from "../data/index.ts";
import type { Manifest, Prepared, Resampler } from "../data/sample.ts";
import type { Engine, Program } from "../engine/engine.ts";
import { LockstepError } from "../errors.ts";
import type { Settings } from "../experiment/settings.ts";
import type { Network } from "../model/network.ts";
import { confusionMatrix } from "./confusion.ts";
import type { Evaluation, Predictions } from "./contract.ts";
import { argmax, crossEntropy, softmax } from "./cross-entropy.ts";
import { stopIfAborted } from "./interruption.ts";
import type { KeptBatch, KeptFeatures } from "./kept-features.ts";
import { classMetrics, epochMetrics } from "./metrics.ts";
import { startWatch } from "./stopwatch.ts";

export interface EvaluateInput {
  readonly program: Pick<Program, "evaluate">;
  readonly manifest: Manifest;
  readonly prepared: Prepared;
  readonly resampler: Resampler;
  /** Into manifest.samples, in the order of the predictions. */
  readonly samples: readonly number[];
  /** At most the program's. */
  readonly batchSize: number;
  readonly imageSizePx: number;
  readonly evaluation: Settings["evaluation"];
  /** Classes of the network; labels of the manifest are below it. */
  readonly classes: number;
  /** Class whose precision, recall, F1 and AUC are reported. */
  readonly positive: number;
  readonly signal: AbortSignal;
  readonly onBatch?: (batch: EvaluatedBatch) => void;
  /** The samples' features, where they are kept. */
  readonly kept?: KeptFeatures | null;
  /** Awaits what the program computes. */
  readonly compute?: (work: Promise<Float32Array>) => Promise<Float32Array>;
}

export interface EvaluatedBatch {
  /** From 1. */
  readonly batch: number;
  readonly predictions: Predictions;
  /** Mean over the batch. */
  readonly loss: number;
  readonly correct: number;
  readonly durationMs: number;
}

/** A program that evaluates as the settings say and trains nothing. */
export function compileForInference(engine: Engine, network: Network, settings: Settings): Promise<Program> {
  const { batchSize, frozenBatchNorm, optimizer } = settings;
  const nothing = { trainable: new Set<string>(), purpose: "inference" } as const;
  return engine.compile(network, { batchSize, frozenBatchNorm, optimizer, ...nothing });
}

/** @throws LockstepError "diverged" where a loss is not finite; Interrupted between batches */
export async function evaluateOn(input: EvaluateInput): Promise<Evaluation> {
  const done: EvaluatedBatch[] = [];
  let watch = startWatch();
  for await (const batch of keptOrCut(input)) {
    const evaluated = { ...(await evaluateBatch(input, batch)), batch: done.length + 1, durationMs: watch() };
    if (!Number.isFinite(evaluated.loss)) throw diverged(`evaluation, batch ${evaluated.batch}`, evaluated.loss);
    done.push(evaluated);
    input.onBatch?.(evaluated);
    stopIfAborted(input.signal);
    watch = startWatch();
  }
  await input.kept?.store();
  return summarise(done, input);
}

function keptOrCut(input: EvaluateInput): AsyncGenerator<Batch, void, void> | Iterable<KeptBatch> {
  const { manifest, prepared, resampler, samples, batchSize, kept, imageSizePx: sizePx, evaluation: view } = input;
  if (kept?.isComplete === true) return kept.batches(samples, batchSize, labelIn(manifest));
  const crops = evaluationCrops({ prepared, view });
  return batches({ manifest, prepared, resampler, order: samples, batchSize, crops, sizePx });
}

/** Label by sample index. */
export function labelIn({ samples }: Manifest): (sample: number) => number {
  return (sample) => samples[sample]?.label as number;
}

/** @returns logits float32 [B, K] */
async function logitsOf({ program, kept = null }: EvaluateInput, batch: Batch | KeptBatch): Promise<Float32Array> {
  if (kept === null) return program.evaluate((batch as Batch).images);
  return kept.evaluate("features" in batch ? batch.features : await kept.compute(batch.sampleIndices, batch.images));
}

async function evaluateBatch(
  input: EvaluateInput,
  batch: Batch | KeptBatch,
): Promise<Omit<EvaluatedBatch, "batch" | "durationMs">> {
  const { manifest, classes } = input;
  const { sampleIndices, labels } = batch;
  const flat = await (input.compute ?? ((work) => work))(logitsOf(input, batch)); // [B, K]
  const logits = labels.map((_, b) => Array.from(flat.subarray(b * classes, (b + 1) * classes)));
  const predicted = logits.map(argmax);
  const losses = logits.map((row, b) => crossEntropy(row, labels[b] as number));
  const sampleIds = sampleIndices.map((index) => manifest.samples[index]?.id as string);
  return {
    predictions: { sampleIds, labels, predicted, logits, probabilities: logits.map(softmax) },
    loss: losses.reduce((a, b) => a + b, 0) / losses.length,
    correct: predicted.filter((k, b) => k === labels[b]).length,
  };
}

function summarise(done: readonly EvaluatedBatch[], { classes, positive }: EvaluateInput): Evaluation {
  const parts = done.map(({ predictions }) => predictions);
  const predictions: Predictions = {
    sampleIds: parts.flatMap(({ sampleIds }) => sampleIds),
    labels: parts.flatMap(({ labels }) => labels),
    predicted: parts.flatMap(({ predicted }) => predicted),
    logits: parts.flatMap(({ logits }) => logits),
    probabilities: parts.flatMap(({ probabilities }) => probabilities),
  };
  const n = predictions.labels.length;
  const loss = done.reduce((sum, batch) => sum + batch.loss * batch.predictions.labels.length, 0) / n;
  return {
    predictions,
    metrics: epochMetrics(predictions, classes, positive, loss),
    classMetrics: classMetrics(predictions, classes),
    confusion: confusionMatrix(predictions.labels, predictions.predicted, classes),
  };
}

export function diverged(where: string, loss: number): LockstepError {
  return new LockstepError({
    code: "diverged",
    message: `${where}: the loss is ${loss}, expected a finite number; the training has diverged`,
    next: "Lower lr, or set clipNorm (1 is usual).",
  });
}
