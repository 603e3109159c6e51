// Whether probabilities mean what they say: Brier score and expected calibration error.

/** Bins of equal width over the confidence, as in Guo et al. 2017, "On calibration of modern neural networks". */
const BINS = 15;

/**
 * Mean squared distance between probabilities and the one-hot label, summed over classes; halved for two classes, where it is
 * the usual binary score (scikit-learn's scale_by_half="auto"). Null without samples. @param probabilities [n, K]
 */
export function brierScore(probabilities: readonly (readonly number[])[], labels: readonly number[]): number | null {
  if (labels.length === 0) return null;
  let sum = 0;
  probabilities.forEach((row, i) => row.forEach((p, k) => (sum += squared(p - (labels[i] === k ? 1 : 0)))));
  const mean = sum / labels.length;
  return probabilities[0]?.length === 2 ? mean / 2 : mean;
}

/** Mean over bins of |accuracy - mean confidence|, weighted by samples; a bin holds its upper edge. Null without samples. */
export function expectedCalibrationError(
  probabilities: readonly (readonly number[])[],
  labels: readonly number[],
): number | null {
  if (labels.length === 0) return null;
  const gaps = new Array<number>(BINS).fill(0); // sum of correct - confidence
  probabilities.forEach((row, i) => {
    const confidence = Math.max(...row);
    const bin = Math.max(0, Math.ceil(confidence * BINS) - 1);
    gaps[bin] = (gaps[bin] as number) + (row.indexOf(confidence) === labels[i] ? 1 : 0) - confidence;
  });
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / labels.length;
}

function squared(x: number): number {
  return x * x;
}
