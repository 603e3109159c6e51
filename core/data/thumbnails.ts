// Small pictures of single samples for the dashboard: WebP, made from the prepared images, named by the data set's digest, so that
// all runs on the same data share them.
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expHome } from "../home.ts";
import { mapConcurrently } from "./pool.ts";
import { readPreparedImage } from "./prepared-file.ts";
import type { Manifest, Prepared, PreparedImage } from "./sample.ts";
import { sha256Of } from "./sha256.ts";

/** Longest side. */
const THUMBNAIL_PX = 192;

export interface Thumbnail {
  readonly sampleIndex: number;
  /** Below EXP_HOME. */
  readonly path: string;
}

/** Path of a sample's thumbnail below EXP_HOME. */
export function thumbnailPath(prepared: Prepared, { id }: { readonly id: string }): string {
  const name = sha256Of(Buffer.from(id)).slice(0, 32);
  return join("artifacts", "thumbnails", prepared.digest, `${name}.webp`);
}

/** Writes the thumbnails that do not exist yet. */
export async function writeThumbnails(
  { prepared, manifest }: { readonly prepared: Prepared; readonly manifest: Manifest },
  sampleIndices: readonly number[],
): Promise<Thumbnail[]> {
  return mapConcurrently(sampleIndices, async (sampleIndex) => {
    const sample = manifest.samples[sampleIndex];
    if (sample === undefined) throw new RangeError(`no sample ${sampleIndex} of ${manifest.samples.length}`);
    const path = thumbnailPath(prepared, sample);
    await writeOnce(join(expHome(), path), () => encode(prepared, sampleIndex));
    return { sampleIndex, path };
  });
}

async function encode(prepared: Prepared, sampleIndex: number): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const pixels = await readPreparedImage(prepared, sampleIndex);
  const { widthPx: width, heightPx: height } = prepared.images[sampleIndex] as PreparedImage;
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(THUMBNAIL_PX, THUMBNAIL_PX, { fit: "inside", withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer();
}

async function writeOnce(path: string, make: () => Promise<Buffer>): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, await make());
  await rename(temporary, path);
}
