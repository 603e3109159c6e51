// The prepared cache: each image decoded once, its shorter side brought to storeSizePx (never enlarged), all of them in one file
// that runs share and read into shared memory. Keyed by data set and settings; checked byte for byte when it is opened.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { LockstepError } from "../errors.ts";
import { expHome } from "../home.ts";
import { BadImages } from "./bad-images.ts";
import { BadImage, type DecodedImage } from "./candidate.ts";
import type { Listing } from "./list.ts";
import { compareCodeUnits } from "./order.ts";
import { mapConcurrently } from "./pool.ts";
import { readPreparedFile, writePreparedFile } from "./prepared-file.ts";
import type { ImageSize, Prepared, Resizer } from "./sample.ts";

export interface PrepareOptions {
  /** Shorter side of the stored images. */
  readonly storeSizePx: number;
  readonly resizer: Resizer;
  readonly progress?: (done: number, total: number) => void;
}

/** Changes where the same files and settings would give other pixels. */
const VERSION = 1;

/** @example const prepared = await prepareImages(listing, { storeSizePx: 111, resizer }) */
export async function prepareImages(listing: Listing, options: PrepareOptions): Promise<Prepared> {
  const path = preparedPath(listing.manifest.digest, options.storeSizePx);
  const cached = await readPreparedFile(path);
  if (cached !== null) {
    options.progress?.(cached.images.length, cached.images.length);
    return cached;
  }
  return writePreparedFile(path, await decodeAll(listing, options));
}

/** Where the prepared images of a data set stand, whether they do or not. */
export function preparedPath(datasetDigest: string, storeSizePx: number): string {
  const key = createHash("sha256")
    .update(JSON.stringify([VERSION, datasetDigest, storeSizePx]))
    .digest("hex");
  return join(expHome(), "cache", "prepared", `${key}.images`);
}

/** The stored size of an image. */
export function storedSize({ widthPx, heightPx }: ImageSize, storeSizePx: number): ImageSize {
  const shorter = Math.min(widthPx, heightPx);
  if (shorter <= storeSizePx) return { widthPx, heightPx };
  const scaled = (lengthPx: number): number => Math.max(1, Math.round((lengthPx * storeSizePx) / shorter));
  return { widthPx: scaled(widthPx), heightPx: scaled(heightPx) };
}

async function decodeAll(
  { manifest, decode }: Listing,
  { storeSizePx, resizer, progress }: PrepareOptions,
): Promise<Omit<Prepared, "digest">> {
  const { images, bytes } = layOut(manifest.samples, storeSizePx);
  const pixels = allocate(bytes, storeSizePx);
  const bad: { id: string; reason: string }[] = [];
  const store = async (sample: (typeof manifest.samples)[number], index: number): Promise<void> => {
    try {
      const decoded = await decode(index);
      const image = images[index] as (typeof images)[number];
      pixels.set(await toSize(decoded, image, resizer), image.offset);
    } catch (error) {
      if (!(error instanceof BadImage)) throw error;
      bad.push({ id: sample.id, reason: error.message });
    }
  };
  await mapConcurrently(manifest.samples, store, progress);
  bad.sort((a, b) => compareCodeUnits(a.id, b.id));
  if (bad.length > 0) throw new BadImages(manifest, bad);
  return { pixels, images };
}

/** Where each image will stand, one after another. */
function layOut(
  samples: readonly ImageSize[],
  storeSizePx: number,
): { readonly images: Prepared["images"]; readonly bytes: number } {
  let bytes = 0;
  const images = samples.map((sample) => {
    const image = { offset: bytes, ...storedSize(sample, storeSizePx) };
    bytes += image.widthPx * image.heightPx * 3;
    return image;
  });
  return { images, bytes };
}

/** @throws LockstepError "memory" */
function allocate(bytes: number, storeSizePx: number): Uint8Array {
  try {
    return new Uint8Array(new SharedArrayBuffer(bytes));
  } catch (cause) {
    throw new LockstepError({
      code: "memory",
      message: `prepared images: ${(bytes / 1e9).toFixed(1)} GB at ${storeSizePx} px do not fit into memory`,
      next: "Use a smaller storeSizePx or imageSizePx, or fewer images.",
      cause,
    });
  }
}

async function toSize(image: DecodedImage, to: ImageSize, resizer: Resizer): Promise<Uint8Array> {
  if (image.widthPx === to.widthPx && image.heightPx === to.heightPx) return image.data;
  return resizer.resize(image.data, image, to);
}
