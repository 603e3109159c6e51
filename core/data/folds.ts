// k-fold cross-validation: ranked units of each class are cut into k equal pieces; fold f tests on piece f, validates on the next
// and trains on the rest, so that over all folds every sample is tested once.
import { LockstepError } from "../errors.ts";
import type { Manifest, Split, SplitPart } from "./sample.ts";
import { cutRanked, makeSplit, ownGroups, rankUnits, unitsOf } from "./split.ts";

export interface FoldRequest {
  /** At least 3. */
  readonly folds: number;
  /** From 0. */
  readonly fold: number;
  readonly seed: number;
}

/**
 * @param groups by sample index (`groupSamples`); by default the manifest's own
 * @example foldSplit(manifest, { folds: 5, fold: 0, seed: 0 }, groups)
 */
export function foldSplit(manifest: Manifest, request: FoldRequest, groups = ownGroups(manifest)): Split {
  const { folds, fold, seed } = request;
  checkRequest(request);
  const pieces = pieceBySample(manifest, { folds, seed, groups });
  const partOf = (index: number): SplitPart => {
    const distance = ((pieces[index] as number) - fold + folds) % folds;
    return distance === 0 ? "test" : distance === 1 ? "val" : "train";
  };
  return makeSplit(manifest, partOf);
}

interface Cut {
  readonly folds: number;
  readonly seed: number;
  readonly groups: readonly string[];
}

/** The piece of each sample, 0 to folds - 1. */
function pieceBySample(manifest: Manifest, { folds, seed, groups }: Cut): number[] {
  const all = manifest.samples.map((_, index) => index);
  const units = unitsOf(manifest, all, groups);
  const pieces = new Array<number>(all.length);
  manifest.classes.forEach((className, label) => {
    const own = units.filter((unit) => unit.label === label);
    if (own.length < folds) throw tooFewUnits(className, own.length, folds);
    cutRanked(rankUnits(own, seed), new Array<number>(folds).fill(1 / folds)).forEach((units, piece) => {
      for (const index of units.flatMap(({ samples }) => samples)) pieces[index] = piece;
    });
  });
  return pieces;
}

function checkRequest({ folds, fold }: FoldRequest): void {
  if (Number.isInteger(folds) && folds >= 3 && Number.isInteger(fold) && fold >= 0 && fold < folds) return;
  throw new LockstepError({
    code: "experiment-invalid",
    message: `split: fold ${fold} of ${folds}; expected at least 3 folds and a fold from 0 to ${folds - 1}`,
    next: "Correct the split of the experiment, for instance { folds: 5 }.",
  });
}

function tooFewUnits(className: string, units: number, folds: number): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `split: class "${className}" has ${units} images or groups that can be told apart, too few for ${folds} folds`,
    next: "Ask for fewer folds, or add images of that class.",
  });
}
