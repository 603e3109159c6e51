// What a careful reader would say of a data set and its split, one line each; nothing here changes anything.
import { badImagesText, maskWarning } from "./bad-images.ts";
import type { DuplicatePair } from "./duplicates.ts";
import { PARTS, type Fractions } from "./official-split.ts";
import type { Manifest, Split, SplitPart } from "./sample.ts";

export interface SplitFindings {
  readonly manifest: Manifest;
  readonly split: Split;
  readonly groups: readonly string[];
  readonly pairs: readonly DuplicatePair[];
  /** Null: folds, or nothing in particular. */
  readonly asked: Fractions | null;
}

/** A drawn part further from its fraction than this is mentioned. */
const FAR_FROM_ASKED = 0.03;

export function splitWarnings(findings: SplitFindings): string[] {
  return [
    ...badImagesText(findings.manifest),
    ...maskWarning(findings.manifest),
    ...contradictions(findings),
    ...mixedGroups(findings),
    ...leaks(findings),
    ...fractionWarnings(findings),
  ];
}

/** The same picture in two classes: one of the labels is wrong. */
function contradictions({ manifest, pairs }: SplitFindings): string[] {
  const samples = manifest.samples;
  const found = pairs.filter(({ a, b, kind }) => kind !== "near" && samples[a]?.label !== samples[b]?.label);
  return found.map(({ a, b, kind }) => {
    const what = kind === "bytes" ? "identical files" : "identical pictures";
    return `${what} in two classes: ${samples[a]?.id} and ${samples[b]?.id}`;
  });
}

/** Groups that the source names and whose members have several labels; a split counts each to the label of most of them. */
function mixedGroups({ manifest }: SplitFindings): string[] {
  const labels = new Map<string, Set<number>>();
  for (const { group, label } of manifest.samples)
    if (group !== null) labels.set(group, (labels.get(group) ?? new Set<number>()).add(label));
  const mixed = [...labels].filter(([, own]) => own.size > 1).map(([group]) => group);
  if (mixed.length === 0) return [];
  const names = mixed.slice(0, 3).join(", ");
  return [`${mixed.length} groups have images of several classes (${names}); each counts to the class of most of them`];
}

/** Groups with members in several parts; only an official split can have them. */
function leaks({ manifest, split, groups }: SplitFindings): string[] {
  const partOf = partsBySample(split, manifest.samples.length);
  const parts = new Map<string, Set<SplitPart>>();
  groups.forEach((key, index) => {
    const seen = parts.get(key) ?? new Set<SplitPart>();
    parts.set(key, seen.add(partOf[index] as SplitPart));
  });
  const leaking = [...parts].filter(([, seen]) => seen.size > 1);
  if (leaking.length === 0) return [];
  const example = groups.flatMap((key, index) => (key === leaking[0]?.[0] ? [manifest.samples[index]?.id] : []));
  return [
    `the official split has ${leaking.length} groups of duplicates or patients in more than one part, such as ${example.slice(0, 3).join(", ")}; they were not moved`,
  ];
}

function fractionWarnings({ manifest, split, asked }: SplitFindings): string[] {
  if (asked === null || manifest.samples.some(({ officialPart }) => officialPart !== null)) return [];
  const far = PARTS.filter(
    (part) => Math.abs(split[part].length / manifest.samples.length - asked[part]) > FAR_FROM_ASKED,
  );
  return far.map((part) => {
    const share = split[part].length / manifest.samples.length;
    return `${part} has ${(100 * share).toFixed(1)} % of the images, ${(100 * asked[part]).toFixed(1)} % were asked for: groups are not divided`;
  });
}

/** The part of each sample. */
export function partsBySample(split: Split, count: number): SplitPart[] {
  const parts = new Array<SplitPart>(count);
  for (const part of PARTS) for (const index of split[part]) parts[index] = part;
  return parts;
}
