// All numbers of one evaluation out of its predictions, by scikit-learn's definitions (test/golden/metrics-scikit.py). Undefined: null.
import { brierScore, expectedCalibrationError } from "./calibration.ts";
import {
  accuracy,
  averaged,
  balancedAccuracy,
  cohensKappa,
  confusionMatrix,
  countsOf,
  definedMean,
  matthewsCorrelation,
  precisionRecall,
  rowSum,
  type PrecisionRecall,
} from "./confusion.ts";
import { averagePrecision, rocAuc, sensitivityAt } from "./ranking.ts";
import type { Metrics } from "./recorder.ts";

/** At which specificity the sensitivity is reported. */
export const SPECIFICITY = 0.9;

/** One class against the rest; scores are its probabilities. */
export interface OneClass extends PrecisionRecall {
  /** Samples that are of this class. */
  readonly support: number;
  readonly auc: number | null;
  readonly averagePrecision: number | null;
  readonly sensitivityAtSpecificity: number | null;
}

export interface ClassMetrics {
  /** In the manifest's order of classes. */
  readonly perClass: readonly OneClass[];
  /** Means over classes where the value is defined; auc is one class against the rest. */
  readonly macro: PrecisionRecall & { readonly auc: number | null };
  /** The same, each class weighing its samples. */
  readonly weighted: PrecisionRecall & { readonly auc: number | null };
  readonly balancedAccuracy: number | null;
  readonly matthewsCorrelation: number | null;
  readonly cohensKappa: number | null;
  readonly brier: number | null;
  readonly expectedCalibrationError: number | null;
}

export interface Measured {
  readonly labels: readonly number[];
  readonly predicted: readonly number[];
  /** [n, K] in rows */
  readonly probabilities: readonly (readonly number[])[];
}

/** What is recorded with each epoch: precision, recall, F1 and AUC are the positive class's against the rest. */
export function epochMetrics(measured: Measured, classes: number, positive: number, loss: number): Metrics {
  const confusion = confusionMatrix(measured.labels, measured.predicted, classes);
  const scores = measured.probabilities.map((row) => row[positive] as number);
  const auc = rocAuc(scores, areOf(measured.labels, positive));
  return { loss, accuracy: accuracy(confusion) ?? 0, ...precisionRecall(countsOf(confusion, positive)), auc };
}

export function classMetrics(measured: Measured, classes: number): ClassMetrics {
  const { labels, predicted, probabilities } = measured;
  const confusion = confusionMatrix(labels, predicted, classes);
  const perClass = confusion.map((_, k): OneClass => {
    const scores = probabilities.map((row) => row[k] as number);
    const positive = areOf(labels, k);
    return {
      support: rowSum(confusion, k),
      ...precisionRecall(countsOf(confusion, k)),
      auc: rocAuc(scores, positive),
      averagePrecision: averagePrecision(scores, positive),
      sensitivityAtSpecificity: sensitivityAt(SPECIFICITY, scores, positive),
    };
  });
  const meanAuc = (weights: number[]) =>
    definedMean(
      perClass.map(({ auc }) => auc),
      weights,
    );
  return {
    perClass,
    macro: { ...averaged(confusion, "macro"), auc: meanAuc(perClass.map(() => 1)) },
    weighted: { ...averaged(confusion, "weighted"), auc: meanAuc(perClass.map(({ support }) => support)) },
    balancedAccuracy: balancedAccuracy(confusion),
    matthewsCorrelation: matthewsCorrelation(confusion),
    cohensKappa: cohensKappa(confusion),
    brier: brierScore(probabilities, labels),
    expectedCalibrationError: expectedCalibrationError(probabilities, labels),
  };
}

function areOf(labels: readonly number[], k: number): boolean[] {
  return labels.map((label) => label === k);
}
