// What both sides of bench:recipe tell of a training, and how two trainings are compared.
import tQuantile from "@stdlib/stats-base-dists-t-quantile";

export interface EpochPoint {
  readonly trainLoss: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  /** Of each batch. */
  readonly losses: readonly number[];
}

/** Largest distance of two curves in percent of the second. */
export function largestDifference(ours: readonly number[], theirs: readonly number[]): number {
  return Math.max(...ours.map((value, i) => (100 * Math.abs(value - (theirs[i] ?? NaN))) / (theirs[i] ?? NaN)));
}

/** Validation accuracy of the epoch with the lowest validation loss, which is the one that is kept. */
export function keptAccuracy(epochs: readonly EpochPoint[]): number {
  const [best] = [...epochs].sort((a, b) => a.valLoss - b.valLoss);
  return best?.valAccuracy ?? NaN;
}

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** 95 % interval of the mean by Student's t, within what an accuracy can be. */
export function interval(values: readonly number[]): Interval {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = tQuantile(0.975, n - 1) * Math.sqrt(variance / n);
  return { mean, low: Math.max(0, mean - half), high: Math.min(1, mean + half) };
}

export function overlap(a: Interval, b: Interval): boolean {
  return a.low <= b.high && b.low <= a.high;
}
