// A stored split as it was: sample ids by part, to indices into the stored manifest.
import type { Split, SplitPart } from "../data/sample.ts";
import { makeSplit } from "../data/split.ts";
import type { Recorded } from "./recorded.ts";

/** Its digest is computed from its rows, so that a moved row shows. Samples without a part are none of the split's. */
export function storedSplit({ manifest, members }: Pick<Recorded, "manifest" | "members">): Split {
  const parts = new Map<string, SplitPart>();
  for (const part of ["train", "val", "test"] as const) for (const id of members[part]) parts.set(id, part);
  const assigned = manifest.samples.every(({ id }) => parts.has(id));
  const split = makeSplit(manifest, (index) => parts.get(manifest.samples[index]?.id ?? "") ?? "train");
  return assigned ? split : { ...split, digest: "a sample without a part" };
}
