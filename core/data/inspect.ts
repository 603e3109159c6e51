// What `exp data inspect` and the data page tell of a data set: counts, sizes, formats, duplicates, and warnings that a careful
// reader would give. Plain data; nothing here changes anything.
import { maskWarning, sameNames } from "./bad-images.ts";
import { NEAR_DUPLICATE_BITS, type DuplicatePair } from "./duplicates.ts";
import type { Listing } from "./list.ts";
import { PARTS } from "./official-split.ts";
import { compareCodeUnits } from "./order.ts";
import type { Manifest } from "./sample.ts";

export interface Inspection {
  readonly name: string;
  readonly simulated: boolean;
  readonly digest: string;
  readonly samples: number;
  readonly classes: readonly ClassCounts[];
  /** How often each "width x height", format and number of channels occurs, the most frequent first. */
  readonly sizes: readonly Count[];
  readonly formats: readonly Count[];
  readonly channels: readonly Count[];
  /** Groups that the source names; 0: none. */
  readonly groups: number;
  readonly hash: string;
  /** Pairs across classes first, then the most alike. */
  readonly duplicates: readonly NamedPair[];
  readonly skipped: Manifest["skipped"];
  /** Usable images whose name stands in another class too. */
  readonly doubtful: Manifest["skipped"];
  readonly warnings: readonly string[];
}

export interface ClassCounts {
  readonly name: string;
  readonly samples: number;
  /** By official part; "none" where the source assigns none. */
  readonly parts: Readonly<Record<string, number>>;
}

export interface Count {
  readonly value: string;
  readonly count: number;
}

export interface NamedPair {
  readonly a: string;
  readonly b: string;
  readonly kind: DuplicatePair["kind"];
  readonly distance: number;
  readonly acrossClasses: boolean;
}

/** @param pairs from `findDuplicates` */
export function inspectListing({ manifest, facts }: Listing, pairs: readonly DuplicatePair[]): Inspection {
  const { name, simulated, digest, samples, skipped } = manifest;
  const duplicates = namePairs(manifest, pairs);
  const doubtful = sameNames(manifest);
  return {
    ...{ name, simulated, digest, samples: samples.length, skipped, doubtful, duplicates },
    classes: manifest.classes.map((className, label) => classCounts(manifest, className, label)),
    sizes: tally(facts.map(({ widthPx, heightPx }) => `${widthPx} x ${heightPx}`)),
    formats: tally(facts.map(({ format }) => format)),
    channels: tally(facts.map(({ channels }) => String(channels))),
    groups: new Set(samples.flatMap(({ group }) => (group === null ? [] : [group]))).size,
    hash: `256-bit difference hash, at most ${NEAR_DUPLICATE_BITS} bits apart`,
    warnings: [
      ...imbalance(manifest),
      ...predictors({ manifest, facts }),
      ...nameWarning(doubtful),
      ...maskWarning(manifest),
      ...pairWarnings(duplicates),
    ],
  };
}

function classCounts({ samples }: Manifest, name: string, label: number): ClassCounts {
  const own = samples.filter((sample) => sample.label === label);
  const counts = [...PARTS, null].map((part) => {
    const inPart = own.filter(({ officialPart }) => officialPart === part).length;
    return [part ?? "none", inPart] as const;
  });
  return { name, samples: own.length, parts: Object.fromEntries(counts.filter(([, count]) => count > 0)) };
}

function tally(values: readonly string[]): Count[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || compareCodeUnits(a[0], b[0]));
  return sorted.map(([value, count]) => ({ value, count }));
}

function namePairs({ samples }: Manifest, pairs: readonly DuplicatePair[]): NamedPair[] {
  const named = pairs.map(({ a, b, kind, distance }) => {
    const [first, second] = [samples[a], samples[b]];
    const acrossClasses = first?.label !== second?.label;
    return { a: first?.id ?? "", b: second?.id ?? "", kind, distance, acrossClasses };
  });
  return named.sort((x, y) => Number(y.acrossClasses) - Number(x.acrossClasses) || x.distance - y.distance);
}

/** The largest class may be so many times the smallest before it is mentioned. */
const BALANCED_UP_TO = 2;

function imbalance({ classes, samples }: Manifest): string[] {
  const counts = classes.map((name, label) => ({ name, count: samples.filter((s) => s.label === label).length }));
  counts.sort((a, b) => b.count - a.count);
  const [most, least] = [counts[0], counts.at(-1)];
  if (most === undefined || least === undefined || most.count <= BALANCED_UP_TO * least.count) return [];
  const share = ((100 * most.count) / samples.length).toFixed(0);
  return [
    `classes are unequal: "${most.name}" has ${most.count} images, "${least.name}" ${least.count}; always saying "${most.name}" would be right for ${share} %`,
  ];
}

/** Share of a class that must have a property that hardly any image of the others has. */
const PREDICTS = 0.95;

/** A property of the files by which a network could tell a class without looking at the picture. */
function predictors({ manifest, facts }: Pick<Listing, "manifest" | "facts">): string[] {
  const properties: readonly (readonly [string, (index: number) => string])[] = [
    ["format", (index) => facts[index]?.format ?? ""],
    ["size", (index) => `${facts[index]?.widthPx} x ${facts[index]?.heightPx} pixels`],
    ["channels", (index) => `${facts[index]?.channels} channels`],
  ];
  return manifest.classes.flatMap((className, label) =>
    properties.flatMap(([property, valueOf]) => {
      const inside = tally(manifest.samples.flatMap((s, i) => (s.label === label ? [valueOf(i)] : [])));
      const outside = tally(manifest.samples.flatMap((s, i) => (s.label === label ? [] : [valueOf(i)])));
      const top = inside[0];
      if (top === undefined) return [];
      const elsewhere = outside.find(({ value }) => value === top.value)?.count ?? 0;
      const others = outside.reduce((sum, { count }) => sum + count, 0);
      const own = inside.reduce((sum, { count }) => sum + count, 0);
      if (top.count < PREDICTS * own || elsewhere > (1 - PREDICTS) * others) return [];
      return [
        `the ${property} of the file predicts the class: ${top.count} of ${own} of "${className}" are ${top.value}, ${elsewhere} of the other ${others} images`,
      ];
    }),
  );
}

function nameWarning(doubtful: Inspection["doubtful"]): string[] {
  const [first] = doubtful;
  if (first === undefined) return [];
  return [`${doubtful.length} images share their file's name with one of another class: ${first.id} ${first.reason}`];
}

function pairWarnings(pairs: readonly NamedPair[]): string[] {
  const across = pairs.filter(({ acrossClasses }) => acrossClasses);
  if (across.length === 0) return [];
  const { a, b, kind } = across[0] as NamedPair;
  const what = { bytes: "identical files", pixels: "identical pictures", near: "near-duplicates" }[kind];
  return [`${across.length} pairs of duplicates are in different classes, such as ${a} and ${b} (${what})`];
}
