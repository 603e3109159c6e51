// A few samples of a data set for `--smoke`: of each official part and class its share, the first in a seeded hash order.
import { keepImages, type Listing } from "../data/list.ts";
import { ownGroups, rankUnits, unitsOf } from "../data/split.ts";
import type { Sample } from "../data/sample.ts";

const SEED = 0;

/** @returns the listing itself where it has no more than `limit` samples */
export function limitSamples(listing: Listing, limit: number): Listing {
  const { manifest } = listing;
  if (manifest.samples.length <= limit) return listing;
  const kept = strata(manifest.samples).flatMap((indices) => {
    const share = Math.max(3, Math.round((indices.length / manifest.samples.length) * limit)); // one for each part
    const ranked = rankUnits(unitsOf(manifest, indices, ownGroups(manifest)), SEED);
    return ranked.flatMap((unit) => unit.samples).slice(0, share);
  });
  return keepImages(
    listing,
    kept.sort((a, b) => a - b),
  );
}

/** Indices by official part and label. */
function strata(samples: readonly Sample[]): number[][] {
  const found = new Map<string, number[]>();
  samples.forEach(({ officialPart, label }, index) => {
    const key = `${officialPart}/${label}`;
    found.set(key, [...(found.get(key) ?? []), index]);
  });
  return [...found.values()];
}
