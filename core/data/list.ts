// A source to its manifest: every image is looked at once, all bad ones are reported together.
import { LockstepError } from "../errors.ts";
import { BadImages } from "./bad-images.ts";
import { BadImage, type Candidate, type DecodedImage, type ImageFacts } from "./candidate.ts";
import { keepFacts, readKnownFacts, type KnownFacts } from "./known-facts.ts";
import { buildManifest } from "./manifest.ts";
import { compareCodeUnits } from "./order.ts";
import { mapConcurrently } from "./pool.ts";
import type { Manifest, Sample, SkippedImage } from "./sample.ts";
import type { Source } from "./source.ts";
import { readSource } from "./sources/read.ts";

export interface ListOptions {
  /** "stop": bad images end it with one error that names them all; "skip": they are left out and recorded. */
  readonly onBadImage?: "stop" | "skip";
  readonly progress?: (done: number, total: number) => void;
}

/** A data set: its manifest, what else is known of each image, and the way to its pixels. */
export interface Listing {
  readonly manifest: Manifest;
  /** By sample index. */
  readonly facts: readonly ImageFacts[];
  /** @throws BadImage where the file has changed since */
  readonly decode: (sampleIndex: number) => Promise<DecodedImage>;
}

type Looked = { readonly candidate: Candidate } & ({ readonly facts: ImageFacts } | { readonly reason: string });

/** @example const { manifest } = await listSource(folder("images"), { onBadImage: "stop" }) */
export async function listSource(source: Source, options: ListOptions = {}): Promise<Listing> {
  const { onBadImage = "stop", progress } = options;
  const contents = await readSource(source, progress);
  const known = await readKnownFacts(source);
  const looked = await mapConcurrently(contents.candidates, (candidate) => look(candidate, known), progress);
  const skipped = looked.flatMap((one) => ("reason" in one ? [{ id: one.candidate.id, reason: one.reason }] : []));
  skipped.sort(byId);
  const good = looked.flatMap((one) => ("facts" in one ? [one] : []));
  good.sort((a, b) => compareCodeUnits(a.candidate.id, b.candidate.id));
  const samples = good.map(sampleOf);
  if (skipped.length > 0 && onBadImage === "stop") throw new BadImages({ ...contents, samples }, skipped);
  checkClasses({ ...contents, samples, skipped });
  const facts = good.map((one) => one.facts);
  if (facts.some(({ format }) => format !== "array")) await keepFacts(source, facts, known);
  const { name, simulated, classes } = contents;
  return {
    manifest: buildManifest({ name, simulated, classes, samples, skipped }),
    facts,
    decode: (sampleIndex) => decodeAt(good, sampleIndex),
  };
}

/** The same without some images, which are recorded as left out. @throws LockstepError where a class has none left */
export function withoutImages(listing: Listing, bad: readonly SkippedImage[]): Listing {
  const { samples, skipped } = listing.manifest;
  const ids = new Set(bad.map(({ id }) => id));
  const rest = keepImages(
    listing,
    samples.flatMap(({ id }, index) => (ids.has(id) ? [] : [index])),
    [...skipped, ...bad].sort(byId),
  );
  checkClasses(rest.manifest);
  return rest;
}

/** Some of the images. @param kept sample indices, ascending */
export function keepImages(
  { manifest, facts, decode }: Listing,
  kept: readonly number[],
  skipped = manifest.skipped,
): Listing {
  const { digest: _, ...rest } = manifest;
  const pick = <T>(all: readonly T[]): T[] => kept.map((index) => all[index] as T);
  return {
    manifest: buildManifest({ ...rest, samples: pick(manifest.samples), skipped }),
    facts: pick(facts),
    decode: (index) => decode(kept[index] as number),
  };
}

function byId(a: SkippedImage, b: SkippedImage): number {
  return compareCodeUnits(a.id, b.id);
}

async function look(candidate: Candidate, known: KnownFacts): Promise<Looked> {
  try {
    return { candidate, facts: await candidate.inspect(known) };
  } catch (error) {
    if (error instanceof BadImage) return { candidate, reason: error.message };
    throw error;
  }
}

function sampleOf({ candidate, facts }: { candidate: Candidate; facts: ImageFacts }): Sample {
  const { id, label, group, officialPart } = candidate;
  return { id, sha256: facts.sha256, label, group, widthPx: facts.widthPx, heightPx: facts.heightPx, officialPart };
}

function decodeAt(
  good: readonly { readonly candidate: Candidate; readonly facts: ImageFacts }[],
  sampleIndex: number,
): Promise<DecodedImage> {
  const found = good[sampleIndex];
  if (found !== undefined) return found.candidate.decode(found.facts.sha256);
  throw new LockstepError({ code: "internal", message: `data: no sample ${sampleIndex} of ${good.length}` });
}

function checkClasses({ name, classes, samples, skipped }: Omit<Manifest, "digest" | "simulated">): void {
  const present = new Set(samples.map(({ label }) => label));
  const missing = classes.filter((_, label) => !present.has(label));
  if (missing.length === 0 && classes.length >= 2) return;
  const what =
    classes.length < 2
      ? `one class only, "${classes[0] ?? ""}"; at least 2 were expected`
      : `no usable image of ${missing.map((className) => `"${className}"`).join(", ")}`;
  throw new LockstepError({
    code: "data-invalid",
    message: `data ${name}: ${what}${skipped.map(({ id, reason }) => `\n  ${id}: ${reason}`).join("")}`,
    next: "Every class needs images.",
  });
}
