// Variants A and B over the seeds and folds that both have, paired one by one.
import { METRIC_CHOICES } from "../metric-names.ts";
import { pairedOverSeeds, type PairedSeeds } from "../statistics/paired-seeds.ts";
import { camel, type RunDetail } from "../queries/runs.ts";

export interface SeedComparison {
  readonly metric: string;
  readonly title: string;
  readonly result: PairedSeeds;
}

/** Runs of the same variant with the same settings on the same data and split; of a k-fold split, every fold. */
export function replicates(runs: readonly RunDetail[], of: RunDetail): RunDetail[] {
  return runs.filter(
    (run) =>
      run.experiment === of.experiment &&
      run.variant === of.variant &&
      run.settingsHash === of.settingsHash &&
      run.datasetDigest === of.datasetDigest &&
      (run.splitDigest === of.splitDigest || (run.fold !== null && of.fold !== null)),
  );
}

/** Empty when A and B are of one variant, were split differently, or share no finished seed. */
export function compareOverSeeds(runs: readonly RunDetail[], a: RunDetail, b: RunDetail): SeedComparison[] {
  if (a.settingsHash === b.settingsHash || a.splitDigest !== b.splitDigest) return [];
  const [ofA, ofB] = [replicates(runs, a), replicates(runs, b)];
  return METRIC_CHOICES.flatMap(({ key, title }) => {
    const differences = ofA.flatMap((one) => {
      const other = ofB.find((run) => run.seed === one.seed && run.splitDigest === one.splitDigest);
      const [valueA, valueB] = [metricOf(one, key), other === undefined ? null : metricOf(other, key)];
      return valueA === null || valueB === null ? [] : [valueB - valueA];
    });
    const result = pairedOverSeeds(differences);
    return result === null ? [] : [{ metric: key, title, result }];
  });
}

/** @param key column of v_runs, such as test_accuracy */
export function metricOf(run: RunDetail, key: string): number | null {
  return run[camel(key) as keyof RunDetail] as number | null;
}
