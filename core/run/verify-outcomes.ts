// Everything that follows from the stored predictions is computed again: losses, counts, metrics, confusion matrices; and what follows
// from the settings: learning rates.
import type { Split } from "../data/sample.ts";
import type { StoredBatch, StoredEpoch, StoredPrediction } from "../store/index.ts";
import { confusionMatrix, countsOf } from "../train/confusion.ts";
import { crossEntropy } from "../train/cross-entropy.ts";
import { learningRate } from "../train/learning-rate.ts";
import { epochMetrics } from "../train/metrics.ts";
import type { Phase } from "../train/recorder.ts";
import { stageOf } from "../train/stages.ts";
import { networkOf } from "./check-plan.ts";
import { columnsOf, followsFromLogits, sameNumbers } from "./prediction-columns.ts";
import type { Recorded } from "./recorded.ts";
import { judged, notChecked, type VerdictLine } from "./verdict.ts";

/** What an evaluation said, sample by sample, and its stored confusion matrix. */
export interface Outcomes {
  readonly phase: Phase;
  readonly epoch: number;
  /** In the order of evaluation. */
  readonly predictions: readonly StoredPrediction[];
  readonly confusion: readonly (readonly number[])[] | null;
}

/** Each stored prediction: its sample's label, the largest logit, the softmax. */
export function checkPredictions({ manifest }: Recorded, split: Split, outcomes: readonly Outcomes[]): VerdictLine {
  const findings = outcomes.flatMap(({ phase, epoch, predictions }) => {
    const samples = split[phase].map((index) => manifest.samples[index]);
    return predictions.flatMap((prediction, i) => {
      const { sampleId, label } = prediction;
      const right = samples[i]?.id === sampleId && samples[i].label === label && followsFromLogits(prediction);
      return right ? [] : [`${phase} epoch ${epoch}, sample ${sampleId}`];
    });
  });
  return outcomes.length === 0 ? notChecked("predictions", "none is stored") : judged("predictions", findings);
}

/** What the chain does not cover: samples in a batch, learning rate, counts; and an evaluation's losses from its predictions. */
export function checkBatches(recorded: Recorded, split: Split, outcomes: readonly Outcomes[]): VerdictLine {
  const { config, batches, manifest, epochs } = recorded;
  const { settings } = config;
  const valLosses = epochs.filter(({ phase }) => phase === "val").map(({ loss }) => loss);
  const network = networkOf(config, manifest.classes.length);
  const batchesPerEpoch = Math.ceil(split.train.length / settings.batchSize);
  const positive = manifest.classes.indexOf(config.positiveClass);
  const findings = batches.flatMap((row) => {
    const { phase, epoch, batch, n, lr } = row;
    const size = Math.min(settings.batchSize, split[phase].length - (batch - 1) * settings.batchSize);
    const rate =
      phase === "train"
        ? learningRate(settings.schedule, stageOf(settings, network, epoch).lr, {
            epoch,
            batch,
            epochs: settings.epochs,
            batchesPerEpoch,
            losses: valLosses.slice(stageOf(settings, network, epoch).firstEpoch - 1, epoch - 1),
          })
        : null;
    const right =
      n === size &&
      Object.is(lr, rate) &&
      evaluatedRight(row, outcomes, { batchSize: settings.batchSize, positive, classes: network.classes });
    return right ? [] : [`${phase} epoch ${epoch}, batch ${batch}`];
  });
  return judged("batches", findings);
}

interface Evaluated {
  readonly batchSize: number;
  readonly positive: number;
  readonly classes: number;
}

function evaluatedRight(
  row: StoredBatch,
  outcomes: readonly Outcomes[],
  { batchSize, positive, classes }: Evaluated,
): boolean {
  if (row.phase === "train") return true; // its loss is the engine's
  const found = outcomes.find(({ phase, epoch }) => phase === row.phase && epoch === row.epoch);
  if (found === undefined) return true; // an unfinished evaluation has no predictions yet
  const part = found.predictions.slice((row.batch - 1) * batchSize, row.batch * batchSize);
  const loss = part.reduce((sum, { logits, label }) => sum + crossEntropy(logits, label), 0) / part.length;
  const correct = part.filter(({ label, predicted }) => label === predicted).length;
  if (loss !== row.loss || correct !== row.correct) return false;
  if (row.phase !== "test") return true;
  const { tp, fp, fn, tn } = countsOf(confusionOf(part, classes), positive);
  return tp === row.tp && fp === row.fp && fn === row.fn && tn === row.tn;
}

/** Means of the batches, metrics and confusion matrices of the predictions. */
export function checkEpochs(
  { config, epochs, batches, manifest }: Recorded,
  outcomes: readonly Outcomes[],
): VerdictLine {
  const positive = manifest.classes.indexOf(config.positiveClass);
  const findings = epochs.flatMap((row) => {
    const own = batches.filter(({ phase, epoch }) => phase === row.phase && epoch === row.epoch);
    const samples = own.reduce((sum, { n }) => sum + n, 0);
    const loss = own.reduce((sum, { loss: mean, n }) => sum + mean * n, 0) / samples;
    const accuracy = own.reduce((sum, { correct }) => sum + correct, 0) / samples;
    const found = outcomes.find(({ phase, epoch }) => phase === row.phase && epoch === row.epoch);
    const right =
      loss === row.loss &&
      accuracy === row.accuracy &&
      row.lr === (own.at(-1)?.lr ?? null) && // of the last step; null in evaluations
      (found === undefined || metricsRight(row, found, manifest.classes.length, positive));
    return right ? [] : [`${row.phase} epoch ${row.epoch}`];
  });
  return judged("metrics and confusion matrices", findings);
}

function metricsRight(
  row: StoredEpoch,
  { predictions, confusion }: Outcomes,
  classes: number,
  positive: number,
): boolean {
  const { precision, recall, f1, auc } = epochMetrics(columnsOf(predictions), classes, positive, row.loss);
  const stored = [row.precision, row.recall, row.f1, row.auc];
  const counts = confusionOf(predictions, classes).flat();
  return (
    [precision, recall, f1, auc].every((value, i) => value === stored[i]) &&
    sameNumbers(counts, confusion?.flat() ?? [])
  );
}

function confusionOf(predictions: readonly StoredPrediction[], classes: number): number[][] {
  const { labels, predicted } = columnsOf(predictions);
  return confusionMatrix(labels, predicted, classes);
}
