// The split of one run: drawn by fractions, or one fold of k.
import { foldSplit, splitSamples } from "../data/index.ts";
import type { Manifest, Split } from "../data/sample.ts";
import type { PlannedRun, PlannedSplit } from "../experiment/index.ts";

export type SplitPosition = Pick<PlannedRun, "seed" | "fold">;

/** @param groups by sample index: samples with equal keys stay on one side */
export function splitOf(
  planned: PlannedSplit,
  position: SplitPosition,
  manifest: Manifest,
  groups: readonly string[],
): Split {
  const request = { ...planned, seed: splitSeed(planned, position) };
  if ("folds" in request) return foldSplit(manifest, { ...request, fold: position.fold ?? 0 }, groups);
  return splitSamples(manifest, request, groups);
}

/** The number that a split is drawn from. */
export function splitSeed({ seed }: PlannedSplit, position: SplitPosition): number {
  return seed === "run" ? position.seed : seed;
}
