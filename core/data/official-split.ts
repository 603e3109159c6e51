// What the source itself says of train, val and test is kept; what it leaves open is drawn: everything, or the missing val or
// test out of its train.
import { LockstepError } from "../errors.ts";
import type { Manifest, SplitPart } from "./sample.ts";

/** Shares of the samples; they sum to 1, and train is more than 0. */
export interface Fractions {
  readonly train: number;
  readonly val: number;
  readonly test: number;
}

export const PARTS: readonly SplitPart[] = ["train", "val", "test"];

/** The parts that are wanted, in the order in which ranks are dealt out. */
export function fractionsOf(fractions: Fractions): { readonly part: SplitPart; readonly share: number }[] {
  return PARTS.flatMap((part) => (fractions[part] > 0 ? [{ part, share: fractions[part] }] : []));
}

export interface OfficialSplit {
  /** The part of a sample that needs no draw, else null. */
  readonly partOf: (sampleIndex: number) => SplitPart | null;
  readonly toDraw: readonly number[];
  /** Shares among the samples to draw. */
  readonly shares: Fractions;
}

export function officialSplit({ samples, name }: Manifest, request: Fractions): OfficialSplit {
  checkFractions(request);
  const present = PARTS.filter((part) => samples.some(({ officialPart }) => officialPart === part));
  const all = samples.map((_, index) => index);
  if (present.length === 0) return { partOf: () => null, toDraw: all, shares: request };
  if (samples.some(({ officialPart }) => officialPart === null)) throw partlyOfficial(name, samples);
  if (!present.includes("train")) throw noTrain(name, present);
  const missing = PARTS.filter((part) => !present.includes(part));
  if (missing.length === 0)
    return { partOf: (index) => samples[index]?.officialPart ?? null, toDraw: [], shares: request };
  const toDraw = all.filter((index) => samples[index]?.officialPart === "train");
  const partOf = (index: number): SplitPart | null => {
    const part = samples[index]?.officialPart ?? null;
    return part === "train" ? null : part;
  };
  return { partOf, toDraw, shares: sharesOfTrain(request, missing) };
}

/** The official train is divided between train and the missing parts, in the proportion that was asked for. */
function sharesOfTrain(request: Fractions, missing: readonly SplitPart[]): Fractions {
  const val = missing.includes("val") ? request.val : 0;
  const test = missing.includes("test") ? request.test : 0;
  const total = request.train + val + test;
  return { train: request.train / total, val: val / total, test: test / total };
}

function checkFractions({ train, val, test }: Fractions): void {
  const sum = train + val + test;
  if (train > 0 && val >= 0 && test >= 0 && Math.abs(sum - 1) < 1e-9) return;
  throw new LockstepError({
    code: "experiment-invalid",
    message: `split: train ${train}, val ${val}, test ${test}; expected a train above 0 and fractions that sum to 1`,
    next: "Correct the split of the experiment, for instance { train: 0.7, val: 0.15, test: 0.15 }.",
  });
}

function partlyOfficial(name: string, samples: Manifest["samples"]): LockstepError {
  const without = samples.filter(({ officialPart }) => officialPart === null);
  return new LockstepError({
    code: "data-invalid",
    message: `data ${name}: ${samples.length - without.length} images are assigned to a part, ${without.length} are not, such as "${without[0]?.id}"`,
    next: "Assign all of them or none.",
  });
}

function noTrain(name: string, present: readonly SplitPart[]): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `data ${name}: images are assigned to ${present.join(" and ")}, none to train`,
    next: "Assign training images too, or remove the assignment so that a split is drawn.",
  });
}
