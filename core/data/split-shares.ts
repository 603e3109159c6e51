// How large the parts of a split are, beside what was asked for: one line for people.
import { PARTS, type Fractions } from "./official-split.ts";
import type { Manifest, Split, SplitPart } from "./sample.ts";

/** @example "split: train 546 (70.0 %), val 117 (15.0 %), test 117 (15.0 %); asked for 70, 15 and 15 %" */
export function splitShares(
  { classes, samples }: Manifest,
  split: Split,
  asked: Fractions | { readonly folds: number },
): string {
  const percent = (count: number, of: number): string => ((100 * count) / of).toFixed(1);
  const parts = PARTS.map((part) => `${part} ${split[part].length} (${percent(split[part].length, samples.length)} %)`);
  const line = `split: ${parts.join(", ")}`;
  if ("folds" in asked) return `${line}; the first of ${asked.folds} folds`;
  const official = samples.some(({ officialPart }) => officialPart !== null);
  if (official) return `${line}; the source's own`;
  const [train, val, test] = PARTS.map((part) => Number((100 * asked[part]).toFixed(1)));
  const { part, label, points } = farthest({ classes, samples }, split, asked);
  return `${line}; asked for ${train}, ${val} and ${test} %; farthest from it: "${classes[label]}" in ${part}, by ${points.toFixed(1)} percentage points`;
}

interface Distance {
  readonly part: SplitPart;
  readonly label: number;
  readonly points: number;
}

/** The class and part whose share is farthest from the one that was asked for, in percentage points. */
function farthest(
  { classes, samples }: Pick<Manifest, "classes" | "samples">,
  split: Split,
  asked: Fractions,
): Distance {
  const distances = classes.flatMap((_, label) => {
    const total = samples.filter((sample) => sample.label === label).length;
    return PARTS.map((part): Distance => {
      const own = split[part].filter((index) => samples[index]?.label === label).length;
      return { part, label, points: 100 * Math.abs(own / total - asked[part]) };
    });
  });
  return distances.reduce((most, one) => (one.points > most.points ? one : most));
}
