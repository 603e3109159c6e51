// Images that are the same picture: equal bytes, equal pixels, or near-duplicates (the same scan saved twice, cropped a little,
// with or without calipers). They are put into one group, so that no split of ours separates them.
import type { Listing } from "./list.ts";
import { compareCodeUnits } from "./order.ts";
import type { Manifest } from "./sample.ts";
import { ownGroups } from "./split.ts";

/**
 * Bits of 256 in which the perceptual hashes of near-duplicates may differ. On BUSI's 780 images all pairs up to 58 are the same
 * scan, the first false pair stands at 60; unrelated images differ in 128 on average.
 */
export const NEAR_DUPLICATE_BITS = 56;

/** A pair of sample indices, a < b. */
export interface DuplicatePair {
  readonly a: number;
  readonly b: number;
  /** "bytes": equal files; "pixels": equal pictures; "near": hashes that differ in at most NEAR_DUPLICATE_BITS. */
  readonly kind: "bytes" | "pixels" | "near";
  /** Bits in which the perceptual hashes differ. */
  readonly distance: number;
}

/** All pairs, in the order of their indices. The event loop keeps its turn meanwhile. */
export async function findDuplicates({ manifest, facts }: Listing): Promise<DuplicatePair[]> {
  const hashed = facts.map(({ perceptualHash }) => (perceptualHash === null ? null : wordsOf(perceptualHash)));
  const pairs: DuplicatePair[] = [];
  for (let a = 0; a < facts.length; a++) {
    const own = hashed[a];
    if (own === null || own === undefined) continue; // drawn images are all different
    for (let b = a + 1; b < facts.length; b++) {
      const other = hashed[b];
      if (other === null || other === undefined) continue;
      const distance = hammingDistance(own, other, NEAR_DUPLICATE_BITS);
      if (distance === null) continue;
      const sameBytes = manifest.samples[a]?.sha256 === manifest.samples[b]?.sha256;
      const samePixels = facts[a]?.pixelSha256 === facts[b]?.pixelSha256;
      pairs.push({ a, b, kind: sameBytes ? "bytes" : samePixels ? "pixels" : "near", distance });
    }
    if (a % 64 === 63) await new Promise((resume) => setImmediate(resume));
  }
  return pairs;
}

/** Keys by sample index: equal for samples that the source groups, or that duplicates tie together, directly or through others. */
export function groupSamples(manifest: Manifest, pairs: readonly DuplicatePair[]): string[] {
  const own = ownGroups(manifest);
  const parent = own.map((_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (parent[root] !== root) root = parent[root] as number;
    parent[index] = root;
    return root;
  };
  const join = (a: number, b: number): void => {
    parent[rootOf(a)] = rootOf(b);
  };
  const first = new Map<string, number>();
  own.forEach((key, index) => join(index, first.get(key) ?? (first.set(key, index), index)));
  for (const { a, b } of pairs) join(a, b);
  return nameGroups(own, rootOf);
}

/** The key of a group is its smallest own key: bytes decide it, not the order of the files. */
function nameGroups(own: readonly string[], rootOf: (index: number) => number): string[] {
  const smallest = new Map<number, string>();
  own.forEach((key, index) => {
    const root = rootOf(index);
    const known = smallest.get(root);
    if (known === undefined || compareCodeUnits(key, known) < 0) smallest.set(root, key);
  });
  return own.map((_, index) => smallest.get(rootOf(index)) as string);
}

/** @param hash 64 hex digits @returns uint32 [8] */
function wordsOf(hash: string): Uint32Array {
  return Uint32Array.from({ length: 8 }, (_, i) => Number.parseInt(hash.slice(i * 8, i * 8 + 8), 16));
}

/** Bits that differ, or null as soon as there are more than `limit`. */
function hammingDistance(a: Uint32Array, b: Uint32Array, limit: number): number | null {
  let distance = 0;
  for (let i = 0; i < 8; i++) {
    distance += popCount((a[i] as number) ^ (b[i] as number));
    if (distance > limit) return null;
  }
  return distance;
}

function popCount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
