// The prepared cache: each image decoded once, its shorter side brought to storeSizePx (never enlarged), all of them in one file
// that runs share. Keyed by data set and settings; checked byte for byte when it is opened. Neither writing nor reading holds more
// than a few images in memory; what is read often the system keeps in its own cache, once for all processes.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { expHome } from "../home.ts";
import { BadImages } from "./bad-images.ts";
import { BadImage, type DecodedImage } from "./candidate.ts";
import type { Listing } from "./list.ts";
import { compareCodeUnits } from "./order.ts";
import { mapConcurrently } from "./pool.ts";
import { openPreparedFile, writePreparedFile } from "./prepared-file.ts";
import type { ImageSize, Prepared, Resizer } from "./sample.ts";

export interface PrepareOptions {
  /** Shorter side of the stored images. */
  readonly storeSizePx: number;
  readonly resizer: Resizer;
  readonly progress?: (done: number, total: number) => void;
  /** Gets one line where a damaged file is made again. */
  readonly onNotice?: (text: string) => void;
}

/** Changes where the same files and settings would give other pixels. */
const VERSION = 1;

/** @example const prepared = await prepareImages(listing, { storeSizePx: 111, resizer }) */
export async function prepareImages(listing: Listing, options: PrepareOptions): Promise<Prepared> {
  const path = preparedPath(listing.manifest.digest, options.storeSizePx);
  const found = await openPreparedFile(path);
  if (found === "damaged") options.onNotice?.(`prepared images ${path} are damaged and made again`);
  const prepared = found !== null && found !== "damaged" ? found : await decodeAll(path, listing, options);
  options.progress?.(prepared.images.length, prepared.images.length);
  return prepared;
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
  path: string,
  { manifest, decode }: Listing,
  { storeSizePx, resizer, progress }: PrepareOptions,
): Promise<Prepared> {
  const sizes = manifest.samples.map((sample) => storedSize(sample, storeSizePx));
  return writePreparedFile(path, sizes, async (write) => {
    const bad: { id: string; reason: string }[] = [];
    const store = async (sample: (typeof manifest.samples)[number], index: number): Promise<void> => {
      try {
        await write(index, await toSize(await decode(index), sizes[index] as ImageSize, resizer));
      } catch (error) {
        if (!(error instanceof BadImage)) throw error;
        bad.push({ id: sample.id, reason: error.message });
      }
    };
    await mapConcurrently(manifest.samples, store, progress);
    bad.sort((a, b) => compareCodeUnits(a.id, b.id));
    if (bad.length > 0) throw new BadImages(manifest, bad);
  });
}

async function toSize(image: DecodedImage, to: ImageSize, resizer: Resizer): Promise<Uint8Array> {
  if (image.widthPx === to.widthPx && image.heightPx === to.heightPx) return image.data;
  return resizer.resize(image.data, image, to);
}
