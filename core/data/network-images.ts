// Decoded images as a network sees them in validation: brought to the stored size, as in the prepared cache, then what is seen of it to the
// input's size. The same bits as through the cache.
import type { DecodedImage } from "./candidate.ts";
import { seenPart, type EvaluationView } from "./evaluation-view.ts";
import { storedSize } from "./prepared.ts";
import type { ImageSize, Resizer } from "./sample.ts";

export interface InputSizes {
  /** Shorter side of the stored images. */
  readonly storeSizePx: number;
  readonly imageSizePx: number;
  /** Absent: the whole image is seen. */
  readonly evaluation?: EvaluationView | undefined;
}

/** @returns uint8 RGB [images.length, imageSizePx, imageSizePx, 3] */
export async function networkImages(
  images: readonly DecodedImage[],
  { storeSizePx, imageSizePx, evaluation }: InputSizes,
  resizer: Resizer,
): Promise<Uint8Array> {
  const square = { widthPx: imageSizePx, heightPx: imageSizePx };
  const bytes = imageSizePx * imageSizePx * 3;
  const all = new Uint8Array(images.length * bytes);
  for (const [i, { data, ...size }] of images.entries()) {
    const stored = storedSize(size, storeSizePx);
    const pixels = sameSize(size, stored) ? data : await resizer.resize(data, size, stored);
    const seen = seenPart({ data: pixels, ...stored }, evaluation);
    all.set(await resizer.resize(seen.data, seen, square), i * bytes);
  }
  return all;
}

function sameSize(a: ImageSize, b: ImageSize): boolean {
  return a.widthPx === b.widthPx && a.heightPx === b.heightPx;
}
