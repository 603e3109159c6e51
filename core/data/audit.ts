// Re-checks a stored split for leaks: groups, identical bytes and, where the images can still be looked at, near-duplicates that
// stand in more than one part.
import { findDuplicates } from "./duplicates.ts";
import type { Listing } from "./list.ts";
import type { Manifest, SplitPart } from "./sample.ts";

export interface Leak {
  readonly kind: "group" | "bytes" | "pixels" | "near";
  readonly a: string;
  readonly partOfA: SplitPart;
  readonly b: string;
  readonly partOfB: SplitPart;
}

/** Leaks that the stored rows alone show: one for each group or content and further part. @param partOf by sample id */
export function storedLeaks({ samples }: Manifest, partOf: ReadonlyMap<string, SplitPart>): Leak[] {
  return [
    ...leaksBy("group", samples, partOf, ({ group }) => group),
    ...leaksBy("bytes", samples, partOf, ({ sha256 }) => sha256),
  ];
}

function leaksBy(
  kind: Leak["kind"],
  samples: Manifest["samples"],
  partOf: ReadonlyMap<string, SplitPart>,
  keyOf: (sample: Manifest["samples"][number]) => string | null,
): Leak[] {
  const seen = new Map<string, Map<SplitPart, string>>();
  for (const sample of samples) {
    const [key, part] = [keyOf(sample), partOf.get(sample.id)];
    if (key === null || part === undefined) continue;
    const parts = seen.get(key) ?? new Map<SplitPart, string>();
    if (!parts.has(part)) parts.set(part, sample.id);
    seen.set(key, parts);
  }
  return [...seen.values()].flatMap((parts) => {
    const [first, ...others] = [...parts];
    if (first === undefined) return [];
    return others.map(([partOfB, b]) => ({ kind, a: first[1], partOfA: first[0], b, partOfB }));
  });
}

/** Pairs of alike pictures in different parts. */
export async function pictureLeaks(listing: Listing, partOf: ReadonlyMap<string, SplitPart>): Promise<Leak[]> {
  const { samples } = listing.manifest;
  const pairs = await findDuplicates(listing);
  return pairs.flatMap(({ a, b, kind }) => {
    const [first, second] = [samples[a]?.id ?? "", samples[b]?.id ?? ""];
    const [partOfA, partOfB] = [partOf.get(first), partOf.get(second)];
    if (kind === "bytes" || partOfA === undefined || partOfB === undefined || partOfA === partOfB) return [];
    return [{ kind, a: first, partOfA, b: second, partOfB }];
  });
}
