// Images that something is wrong with, told all at once: those that cannot be used, and those that are used although their name
// stands in two classes.
import { LockstepError } from "../errors.ts";
import type { Manifest, SkippedImage } from "./sample.ts";

export interface BadImageRecord extends SkippedImage {
  /** Whether the run uses it all the same. */
  readonly used: boolean;
}

/** What a run stores: images left out, then images whose name stands in two classes. */
export function badImageRecords(manifest: Manifest): BadImageRecord[] {
  return [
    ...manifest.skipped.map((one) => ({ ...one, used: false })),
    ...sameNames(manifest).map((one) => ({ ...one, used: true })),
  ];
}

/** Images that cannot be used stop the work; they are in `bad` too, for who can go on without them. */
export class BadImages extends LockstepError {
  readonly bad: readonly SkippedImage[];

  /** @param manifest of the images that are left */
  constructor(manifest: Pick<Manifest, "name" | "classes" | "samples">, bad: readonly SkippedImage[]) {
    const count = bad.length === 1 ? "1 image" : `${bad.length} images`;
    const doubtful = sameNames(manifest);
    const names = doubtful.length === 0 ? "" : `\nand these are in doubt:${lines(doubtful)}`;
    super({
      code: "data-invalid",
      message: `data ${manifest.name}: ${count} cannot be used:${lines(bad)}${names}`,
      next: 'Repair or remove them, or say onBadImage: "skip" in the experiment, which records them.',
    });
    this.bad = bad;
  }
}

function lines(images: readonly SkippedImage[]): string {
  return images.map(({ id, reason }) => `\n  ${id}: ${reason}`).join("");
}

/**
 * Images of the same name in several classes: often right, sometimes one image put in twice. Mere numbers are no names where
 * most of the numbers of a class occur in another: then each class is numbered.
 */
export function sameNames({ classes, samples }: Pick<Manifest, "classes" | "samples">): SkippedImage[] {
  const byName = new Map<string, Manifest["samples"][number][]>();
  for (const sample of samples) {
    const name = nameInClass(sample.id, classes[sample.label] ?? "");
    byName.set(name, [...(byName.get(name) ?? []), sample]);
  }
  const named = [...byName].map(([name, own]) => ({ number: /^\d+(\.\w+)?$/.test(name), own }));
  const shared = named.filter(({ own }) => new Set(own.map(({ label }) => label)).size > 1);
  const numbers = (all: typeof named) => all.filter(({ number }) => number).length;
  const numbered = 2 * numbers(shared) > numbers(named);
  return shared.flatMap(({ number, own }) => {
    if (number && numbered) return [];
    return own.map(({ id, label }) => {
      const other = own.find((one) => one.label !== label);
      return { id, reason: `has the same name as ${other?.id} in class "${classes[other?.label ?? 0]}"` };
    });
  });
}

/** The path below the class's folder where there is one, else the file's name; an image in an array has its place only. */
function nameInClass(id: string, className: string): string {
  const folders = id.split("/");
  const at = folders.indexOf(className);
  if (at >= 0 && at < folders.length - 1) return folders.slice(at + 1).join("/");
  return /\.\w+$/.test(id) ? (folders.at(-1) ?? id) : id;
}

/** Each of them in a line. @example "2 images were left out:\n  a/x.png: empty: 0 bytes\n  …" */
export function badImagesText(manifest: Manifest): string[] {
  const { skipped } = manifest;
  const doubtful = sameNames(manifest);
  return [
    ...(skipped.length === 0 ? [] : [`${skipped.length} images were left out:${lines(skipped)}`]),
    ...(doubtful.length === 0 ? [] : [`${doubtful.length} images are used, but are in doubt:${lines(doubtful)}`]),
  ];
}

/** Pictures that mark a lesion stand beside the scans in some published sets (BUSI); a network would learn from them. */
export function maskWarning({ samples }: Manifest): string[] {
  const masks = samples.filter(({ id }) => /[_-]mask(_\d+)?\.\w+$/i.test(id));
  if (masks.length === 0) return [];
  const what = `${masks.length} images are named like masks, such as ${masks[0]?.id}`;
  return [`${what}; folder(path, { exclude: /_mask/ }) leaves them out`];
}
