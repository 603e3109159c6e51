// The mean over seeds with its 95 % interval by Student's t; one value has no interval.
import tQuantile from "@stdlib/stats-base-dists-t-quantile";

export interface Interval {
  readonly n: number;
  readonly mean: number;
  /** Of the sample (n - 1); null for one value. */
  readonly sd: number | null;
  readonly low95: number | null;
  readonly high95: number | null;
}

/** @returns null for no values */
export function meanInterval(values: readonly number[]): Interval | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, sd: null, low95: null, high95: null };
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  const half = (tQuantile(0.975, n - 1) * sd) / Math.sqrt(n);
  return { n, mean, sd, low95: mean - half, high95: mean + half };
}
