// Evaluations on other data sets, checked like the run's own test: labels from the stored samples, everything else from the logits, and
// the digest from the weights where the checkpoint is here.
import { LockstepError } from "../errors.ts";
import { canonicalJson } from "../experiment/index.ts";
import { stateDigest } from "../model/digest.ts";
import {
  readConfusion,
  readEvaluations,
  readManifest,
  readPredictions,
  type Store,
  type StoredEvaluation,
  type StoredPrediction,
} from "../store/index.ts";
import { FIRST_LINK, runDigest } from "../train/chain.ts";
import { readCheckpoint } from "../train/checkpoint.ts";
import { confusionMatrix } from "../train/confusion.ts";
import { crossEntropy } from "../train/cross-entropy.ts";
import { epochMetrics } from "../train/metrics.ts";
import type { Recorded } from "./recorded.ts";
import { bestCheckpoint } from "./shared-run.ts";
import { columnsOf, followsFromLogits } from "./prediction-columns.ts";
import { judged, type VerdictLine } from "./verdict.ts";

/** One line, or none where the run was never evaluated. */
export async function checkEvaluations(store: Store, recorded: Recorded, home: string): Promise<VerdictLine[]> {
  const evaluations = await readEvaluations(store, recorded.run.runId);
  if (evaluations.length === 0) return [];
  const weights = await weightsDigest(store, recorded, home);
  const findings = await Promise.all(evaluations.map((one) => findingsOf(store, recorded, one, weights)));
  return [judged("evaluations", findings.flat())];
}

/** Null where the checkpoint is not here, or damaged, which the line of the artifacts tells. */
async function weightsDigest(store: Store, { run }: Recorded, home: string): Promise<string | null> {
  const path = await bestCheckpoint(store, run.runId, home);
  if (path === null) return null;
  try {
    return stateDigest((await readCheckpoint(path)).state);
  } catch (error) {
    if (error instanceof LockstepError) return null;
    throw error;
  }
}

async function findingsOf(
  store: Store,
  { run, config, manifest: own }: Recorded,
  evaluation: StoredEvaluation,
  weights: string | null,
): Promise<string[]> {
  const { phase, datasetDigest, classMap, samples, digest, loss, accuracy, precision, recall, f1, auc } = evaluation;
  const predictions = await readPredictions(store, run.runId, phase);
  const manifest = await readManifest(store, datasetDigest);
  const labels = new Map(
    manifest.samples.map(({ id, label }) => [id, own.classes.indexOf(classMap[manifest.classes[label] ?? ""] ?? "")]),
  );
  const edited = predictions.filter((row) => !followsFromLogits(row) || labels.get(row.sampleId) !== row.label);
  if (edited.length > 0) return edited.map(({ sampleId }) => `${phase}, sample ${sampleId}`);
  const measured = columnsOf(predictions);
  const positive = own.classes.indexOf(config.positiveClass);
  const computed = {
    samples: predictions.length,
    digest: weights === null ? digest : runDigest(FIRST_LINK, weights, measured),
    confusion: confusionMatrix(measured.labels, measured.predicted, own.classes.length),
    ...epochMetrics(measured, own.classes.length, positive, meanLoss(predictions, config.settings.batchSize)),
  };
  const confusion = await readConfusion(store, run.runId, phase);
  const stored = { samples, digest, confusion, loss, accuracy, precision, recall, f1, auc };
  const differing = Object.entries(computed).filter(
    ([key, value]) => canonicalJson(value) !== canonicalJson(stored[key as keyof typeof stored]),
  );
  return differing.map(([key]) => `${phase}, ${key}`);
}

/** As evaluateOn sums it: batch by batch. */
function meanLoss(predictions: readonly StoredPrediction[], batchSize: number): number {
  let sum = 0;
  for (let from = 0; from < predictions.length; from += batchSize) {
    const batch = predictions.slice(from, from + batchSize);
    const mean = batch.reduce((total, { logits, label }) => total + crossEntropy(logits, label), 0) / batch.length;
    sum += mean * batch.length;
  }
  return sum / predictions.length;
}
