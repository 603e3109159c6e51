// Which sample is in train, val or test. Within each class, units (a group of samples that must stay together, or one sample)
// are ranked by a hash of the split's seed and the unit's key; the first go to train, the next to val, the rest to test. So an
// added image shifts the boundaries by one rank and moves few others.
import { createHash } from "node:crypto";
import { LockstepError } from "../errors.ts";
import { fractionsOf, officialSplit, type Fractions } from "./official-split.ts";
import { compareCodeUnits } from "./order.ts";
import type { Manifest, Split, SplitPart } from "./sample.ts";

export interface SplitRequest extends Fractions {
  readonly seed: number;
}

/**
 * @param groups by sample index: samples with equal keys are never on both sides (`groupSamples`); by default the manifest's own
 * @example splitSamples(manifest, { train: 0.7, val: 0.15, test: 0.15, seed: 0 }, groups)
 */
export function splitSamples(manifest: Manifest, request: SplitRequest, groups = ownGroups(manifest)): Split {
  const official = officialSplit(manifest, request);
  const drawn = drawParts(manifest, official.toDraw, { seed: request.seed, shares: official.shares, groups });
  return makeSplit(manifest, (index) => official.partOf(index) ?? (drawn.get(index) as SplitPart));
}

/** The group that the source names, else the bytes: exact duplicates stay together. */
export function ownGroups(manifest: Manifest): readonly string[] {
  return manifest.samples.map(({ group, sha256 }) => (group === null ? `sha256:${sha256}` : `group:${group}`));
}

/** A split out of each sample's part. */
export function makeSplit(manifest: Manifest, partOf: (sampleIndex: number) => SplitPart): Split {
  const parts: Record<SplitPart, number[]> = { train: [], val: [], test: [] };
  const hash = createHash("sha256").update(`lockstep split 1\n${manifest.digest}\n`);
  manifest.samples.forEach(({ id }, index) => {
    const part = partOf(index);
    parts[part].push(index);
    hash.update(`${JSON.stringify([id, part])}\n`);
  });
  return { digest: hash.digest("hex"), datasetDigest: manifest.digest, ...parts };
}

/** Samples that stay together. */
export interface Unit {
  readonly key: string;
  readonly samples: readonly number[];
  /** The label of most of its samples; of several, the lowest. */
  readonly label: number;
}

/** @param indices of the samples to gather @param groups by sample index */
export function unitsOf(manifest: Manifest, indices: readonly number[], groups: readonly string[]): Unit[] {
  const byKey = new Map<string, number[]>();
  for (const index of indices) {
    const key = groups[index] as string;
    const found = byKey.get(key);
    if (found === undefined) byKey.set(key, [index]);
    else found.push(index);
  }
  return [...byKey].map(([key, samples]) => ({ key, samples, label: majorityLabel(manifest, samples) }));
}

/** Units of one class in the order that the seed gives them. */
export function rankUnits(units: readonly Unit[], seed: number): Unit[] {
  const ranked = units.map((unit) => ({ unit, rank: rankOf(seed, unit.key) }));
  return ranked.sort((a, b) => compareCodeUnits(a.rank, b.rank)).map(({ unit }) => unit);
}

function rankOf(seed: number, key: string): string {
  return createHash("sha256").update(`${seed}\n${key}`).digest("hex");
}

function majorityLabel(manifest: Manifest, samples: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const index of samples) {
    const label = manifest.samples[index]?.label as number;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] as number;
}

interface Draw {
  readonly seed: number;
  readonly shares: Fractions;
  readonly groups: readonly string[];
}

function drawParts(manifest: Manifest, indices: readonly number[], draw: Draw): Map<number, SplitPart> {
  const parts = new Map<number, SplitPart>();
  if (indices.length === 0) return parts;
  const units = unitsOf(manifest, indices, draw.groups);
  manifest.classes.forEach((className, label) => {
    const ranked = rankUnits(
      units.filter((unit) => unit.label === label),
      draw.seed,
    );
    const wanted = fractionsOf(draw.shares);
    if (ranked.length < wanted.length) throw tooFewUnits(className, ranked.length, wanted.length);
    const shares = wanted.map(({ share }) => share);
    cutRanked(ranked, shares).forEach((own, i) => {
      for (const index of own.flatMap(({ samples }) => samples)) parts.set(index, wanted[i]?.part as SplitPart);
    });
  });
  return parts;
}

/**
 * Cuts ranked units into as many runs as there are shares: a unit belongs to the share of all samples in which its middle lies; each
 * run gets one unit at least. A unit that is added shifts each cut by its own size at most.
 * @param shares sum to 1; no more than units
 */
export function cutRanked(ranked: readonly Unit[], shares: readonly number[]): Unit[][] {
  const total = ranked.reduce((sum, { samples }) => sum + samples.length, 0);
  const middles: number[] = [];
  let before = 0;
  for (const { samples } of ranked) {
    middles.push((before + samples.length / 2) / total);
    before += samples.length;
  }
  let from = 0;
  let upTo = 0;
  return shares.map((share, i) => {
    upTo += share;
    const after = shares.length - 1 - i;
    const inShare = after === 0 ? ranked.length : middles.filter((middle) => middle < upTo).length;
    const to = Math.min(ranked.length - after, Math.max(from + 1, inShare));
    const run = ranked.slice(from, to);
    from = to;
    return run;
  });
}

function tooFewUnits(className: string, units: number, parts: number): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `split: class "${className}" has ${units} images or groups that can be told apart, too few for ${parts} parts`,
    next: "Add images of that class, leave the class out, or ask for fewer parts (a fraction of 0).",
  });
}
