// Percentile intervals of metric differences by resampling the test samples, both runs on the same draw
// (Efron and Tibshirani 1993). The draws come from stream(seed, "bootstrap"): the same page shows the same numbers.
import { stream } from "../../core/random.ts";
import { METRICS, weightedMetrics, type MetricName, type Scored } from "./metrics.ts";

export const RESAMPLES = 2000;

export interface Difference {
  readonly metric: MetricName;
  readonly a: number | null;
  readonly b: number | null;
  /** B minus A. */
  readonly difference: number | null;
  /** Null where the metric is undefined in more than one resample of twenty. */
  readonly low95: number | null;
  readonly high95: number | null;
}

/** @param positive the positive class's index */
export function bootstrapDifferences(a: Scored, b: Scored, positive: number, seed = 0): Difference[] {
  const n = a.label.length;
  const draws = stream(seed, "bootstrap");
  const weight = new Int32Array(n);
  const differences = new Map<MetricName, number[]>(METRICS.map((name) => [name, []]));
  for (let resample = 0; resample < RESAMPLES; resample++) {
    weight.fill(0);
    for (let i = 0; i < n; i++) (weight[draws.integer(n)] as number)++;
    const inA = weightedMetrics(a, weight, positive);
    const inB = weightedMetrics(b, weight, positive);
    for (const name of METRICS) {
      const difference = minus(inB[name], inA[name]);
      if (difference !== null) differences.get(name)?.push(difference);
    }
  }
  const once = new Int32Array(n).fill(1);
  const wholeA = weightedMetrics(a, once, positive);
  const wholeB = weightedMetrics(b, once, positive);
  return METRICS.map((metric) => ({
    metric,
    a: wholeA[metric],
    b: wholeB[metric],
    difference: minus(wholeB[metric], wholeA[metric]),
    ...percentiles(differences.get(metric) ?? []),
  }));
}

function minus(b: number | null, a: number | null): number | null {
  return a === null || b === null ? null : b - a;
}

function percentiles(values: number[]): { low95: number | null; high95: number | null } {
  if (values.length < 0.95 * RESAMPLES) return { low95: null, high95: null };
  values.sort((x, y) => x - y);
  return { low95: quantile(values, 0.025), high95: quantile(values, 0.975) };
}

/** Linear between order statistics, as numpy's default. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
