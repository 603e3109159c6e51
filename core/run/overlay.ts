// Grad-CAM over its image, as a picture: from nothing over yellow to red, where the class is seen most.
import sharp from "sharp";
import type { DecodedImage } from "../data/index.ts";
import type { Explanation } from "./predictor.ts";

/** Opacity where the map is 1. */
const OPACITY = 0.6;

/** @param format "png" for files, "webp" for pages */
export async function overlay(
  { data, widthPx, heightPx }: DecodedImage,
  { cam, ...size }: Explanation,
  format: "png" | "webp",
): Promise<Buffer> {
  const heat = await sharp(heatOf(cam), { raw: { width: size.widthPx, height: size.heightPx, channels: 4 } })
    .resize(widthPx, heightPx, { fit: "fill", kernel: "cubic" })
    .png()
    .toBuffer();
  const image = sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });
  return image
    .composite([{ input: heat }])
    .toFormat(format)
    .toBuffer();
}

/** @param cam [n], 0 to 1 @returns uint8 RGBA [n, 4] */
function heatOf(cam: Float64Array): Uint8Array {
  const pixels = new Uint8Array(cam.length * 4);
  cam.forEach((value, i) =>
    pixels.set([255, Math.round(255 * (1 - value)), 0, Math.round(255 * OPACITY * value)], i * 4),
  );
  return pixels;
}
