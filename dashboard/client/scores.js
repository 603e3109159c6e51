// What follows from scores and true classes: ROC and precision-recall points, calibration, and the table at one threshold.
// Plain arrays in and out; the page and the tests share it.

/**
 * Points from the highest threshold to the lowest; a sample is called positive when its score is at least the threshold.
 * @param {readonly boolean[]} positive
 * @param {readonly number[]} score
 * @returns {{ threshold: number, tp: number, fp: number }[]} one for each distinct score, counts called positive so far
 */
export function thresholdCounts(positive, score) {
  const order = score.map((_, i) => i).sort((i, j) => score[j] - score[i]);
  const points = [];
  let tp = 0;
  let fp = 0;
  order.forEach((index, rank) => {
    if (positive[index]) tp++;
    else fp++;
    const next = order[rank + 1];
    if (next === undefined || score[next] !== score[index]) points.push({ threshold: score[index], tp, fp });
  });
  return points;
}

/** @returns {[number, number][]} (false positive rate, true positive rate), from (0, 0) to (1, 1) */
export function rocPoints(positive, score) {
  const positives = positive.filter(Boolean).length;
  const negatives = positive.length - positives;
  return [[0, 0], ...thresholdCounts(positive, score).map(({ tp, fp }) => [fp / negatives, tp / positives])];
}

/** @returns {[number, number][]} (recall, precision), from the highest threshold to the lowest */
export function precisionRecallPoints(positive, score) {
  const positives = positive.filter(Boolean).length;
  return thresholdCounts(positive, score).map(({ tp, fp }) => [tp / positives, tp / (tp + fp)]);
}

/** Area under the ROC curve by trapezoids. */
export function areaUnder(points) {
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    area += ((points[i][0] - points[i - 1][0]) * (points[i][1] + points[i - 1][1])) / 2;
  }
  return area;
}

/** Precision weighted by the step in recall, as scikit-learn's average_precision_score. */
export function averagePrecision(points) {
  let sum = 0;
  points.forEach(([recall, precision], i) => {
    sum += (recall - (i === 0 ? 0 : points[i - 1][0])) * precision;
  });
  return sum;
}

/**
 * Equal-width bins of the score: how often what was said came true.
 * @returns {{ meanScore: number, share: number, n: number }[]} bins that hold a sample
 */
export function calibrationBins(positive, score, binCount = 10) {
  const bins = Array.from({ length: binCount }, () => ({ sum: 0, positives: 0, n: 0 }));
  score.forEach((value, i) => {
    const bin = bins[Math.max(0, Math.min(binCount - 1, Math.ceil(value * binCount) - 1))];
    bin.sum += value;
    bin.n++;
    if (positive[i]) bin.positives++;
  });
  return bins
    .filter((bin) => bin.n > 0)
    .map(({ sum, positives, n }) => ({ meanScore: sum / n, share: positives / n, n }));
}

/** Mean gap between what was said and what came true, weighted by the bins' samples. */
export function calibrationError(bins) {
  const total = bins.reduce((sum, bin) => sum + bin.n, 0);
  return bins.reduce((sum, bin) => sum + (bin.n / total) * Math.abs(bin.share - bin.meanScore), 0);
}

/** The 2 × 2 table and its metrics when scores of at least `threshold` are called positive; null where undefined. */
export function atThreshold(positive, score, threshold) {
  const table = { tp: 0, fp: 0, fn: 0, tn: 0 };
  score.forEach((value, i) => {
    if (value >= threshold) table[positive[i] ? "tp" : "fp"]++;
    else table[positive[i] ? "fn" : "tn"]++;
  });
  const { tp, fp, fn, tn } = table;
  const ratio = (part, whole) => (whole === 0 ? null : part / whole);
  return {
    ...table,
    accuracy: ratio(tp + tn, score.length),
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    specificity: ratio(tn, tn + fp),
    f1: ratio(2 * tp, 2 * tp + fp + fn),
  };
}
