// Two variants over the same seeds: the mean of the paired differences with Student's t interval and test.
import tCdf from "@stdlib/stats-base-dists-t-cdf";
import { meanInterval, type Interval } from "./interval.ts";

export interface PairedSeeds extends Interval {
  /** Two-sided; null for fewer than two pairs. */
  readonly p: number | null;
}

/** @param differences B minus A, one a seed @returns null for no pairs */
export function pairedOverSeeds(differences: readonly number[]): PairedSeeds | null {
  const interval = meanInterval(differences);
  if (interval === null) return null;
  const { n, mean, sd } = interval;
  if (sd === null) return { ...interval, p: null };
  if (sd === 0) return { ...interval, p: mean === 0 ? 1 : 0 };
  return { ...interval, p: 2 * tCdf(-Math.abs(mean / (sd / Math.sqrt(n))), n - 1) };
}
