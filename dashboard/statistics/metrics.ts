// Metrics of one set of predictions where each sample counts `weight` times; null where undefined.

/** What two runs say about the same samples, as columns. */
export interface Scored {
  readonly label: Int32Array;
  readonly predicted: Int32Array;
  /** Probability of the positive class. */
  readonly score: Float64Array;
  /** Natural log of the true class's probability, negated. */
  readonly loss: Float64Array;
  /** Sample indices by rising score: sorted once, used by every resample. */
  readonly order: Int32Array;
}

/** A prediction as the database holds it. */
export interface Prediction {
  readonly label: number;
  readonly predicted: number;
  /** One a class; sums to 1. */
  readonly probabilities: readonly number[];
}

/** Predictions as columns, sorted once. @param positive index of the positive class */
export function scored(rows: readonly Prediction[], positive: number): Scored {
  const score = Float64Array.from(rows, (row) => row.probabilities[positive] as number);
  return {
    label: Int32Array.from(rows, (row) => row.label),
    predicted: Int32Array.from(rows, (row) => row.predicted),
    score,
    loss: Float64Array.from(rows, (row) => -Math.log(Math.max(row.probabilities[row.label] as number, 1e-300))),
    order: Int32Array.from(rows.keys()).sort((i, j) => (score[i] as number) - (score[j] as number)),
  };
}

export const METRICS = ["accuracy", "precision", "recall", "f1", "auc", "loss"] as const;
/** As people write them. */
export const METRIC_TITLES: Readonly<Record<MetricName, string>> = {
  accuracy: "accuracy",
  precision: "precision",
  recall: "recall",
  f1: "F1",
  auc: "AUC",
  loss: "loss",
};
export type MetricName = (typeof METRICS)[number];

/** @param weight int32 [n], how often each sample counts @param positive the positive class */
export function weightedMetrics(run: Scored, weight: Int32Array, positive: number): Record<MetricName, number | null> {
  let total = 0, right = 0, tp = 0, fp = 0, fn = 0, lossSum = 0; // prettier-ignore
  for (let i = 0; i < weight.length; i++) {
    const times = weight[i] as number;
    if (times === 0) continue;
    const isPositive = run.label[i] === positive;
    const saysPositive = run.predicted[i] === positive;
    total += times;
    if (run.label[i] === run.predicted[i]) right += times;
    if (isPositive && saysPositive) tp += times;
    else if (saysPositive) fp += times;
    else if (isPositive) fn += times;
    lossSum += times * (run.loss[i] as number);
  }
  return {
    accuracy: ratio(right, total),
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    auc: weightedAuc(run, weight, positive),
    loss: ratio(lossSum, total),
  };
}

/** Share of (positive, negative) pairs ranked rightly, ties half. */
function weightedAuc(run: Scored, weight: Int32Array, positive: number): number | null {
  let negativesBelow = 0, positives = 0, won = 0; // prettier-ignore
  for (let start = 0; start < run.order.length;) {
    const score = run.score[run.order[start] as number];
    let tiedPositives = 0, tiedNegatives = 0, end = start; // prettier-ignore
    for (; end < run.order.length && run.score[run.order[end] as number] === score; end++) {
      const i = run.order[end] as number;
      if (run.label[i] === positive) tiedPositives += weight[i] as number;
      else tiedNegatives += weight[i] as number;
    }
    won += tiedPositives * (negativesBelow + tiedNegatives / 2);
    positives += tiedPositives;
    negativesBelow += tiedNegatives;
    start = end;
  }
  return ratio(won, positives * negativesBelow);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
