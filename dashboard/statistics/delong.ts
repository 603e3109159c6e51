// DeLong's test (DeLong, DeLong and Clarke-Pearson 1988) for two areas under the curve on the same samples,
// by midranks in O(n log n) (Sun and Xu 2014).
import normalCdf from "@stdlib/stats-base-dists-normal-cdf";

export interface DeLong {
  readonly aucA: number;
  readonly aucB: number;
  /** Standard errors of the areas and of their difference. */
  readonly seA: number;
  readonly seB: number;
  readonly seDifference: number;
  readonly low95: number;
  readonly high95: number;
  /** Two-sided; 1 when both rank alike. */
  readonly p: number;
}

/**
 * @param positive whether each sample is of the positive class
 * @param a scores of A, higher means positive
 * @param b scores of B on the same samples
 * @returns null with fewer than two samples of either class
 */
export function deLong(positive: readonly boolean[], a: readonly number[], b: readonly number[]): DeLong | null {
  const partsA = components(positive, a);
  const partsB = components(positive, b);
  if (partsA.positives.length < 2 || partsA.negatives.length < 2) return null;
  const varianceA = covariance(partsA, partsA);
  const varianceB = covariance(partsB, partsB);
  const seDifference = Math.sqrt(Math.max(0, varianceA + varianceB - 2 * covariance(partsA, partsB)));
  const difference = partsB.auc - partsA.auc;
  const p = seDifference === 0 ? 1 : 2 * normalCdf(-Math.abs(difference) / seDifference, 0, 1);
  const half = 1.959963984540054 * seDifference; // the normal's 97.5 % quantile
  return {
    aucA: partsA.auc,
    aucB: partsB.auc,
    seA: Math.sqrt(varianceA),
    seB: Math.sqrt(varianceB),
    seDifference,
    low95: difference - half,
    high95: difference + half,
    p,
  };
}

interface Components {
  readonly auc: number;
  /** For each positive sample: the share of negatives below it; for each negative: of positives above it. */
  readonly positives: number[];
  readonly negatives: number[];
}

function components(positive: readonly boolean[], scores: readonly number[]): Components {
  const high = scores.filter((_, i) => positive[i]);
  const low = scores.filter((_, i) => !positive[i]);
  const all = midranks([...high, ...low]);
  const withinHigh = midranks(high);
  const withinLow = midranks(low);
  const positives = high.map((_, i) => ((all[i] as number) - (withinHigh[i] as number)) / low.length);
  const negatives = low.map((_, i) => 1 - ((all[high.length + i] as number) - (withinLow[i] as number)) / high.length);
  return { auc: mean(positives), positives, negatives };
}

function covariance(a: Components, b: Components): number {
  return (
    sampleCovariance(a.positives, b.positives) / a.positives.length +
    sampleCovariance(a.negatives, b.negatives) / a.negatives.length
  );
}

function sampleCovariance(a: readonly number[], b: readonly number[]): number {
  const meanA = mean(a);
  const meanB = mean(b);
  return a.reduce((sum, value, i) => sum + (value - meanA) * ((b[i] as number) - meanB), 0) / (a.length - 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Ranks from 1; equal values share the mean of theirs. */
export function midranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number));
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let i = start; i < end; i++) ranks[order[i] as number] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}
