// What comes before the first unit: bytes to (x / 255 - mean) / std.
import type { Buffer } from "../plan.ts";
import { floatBuffer, mapSize, type Lowering } from "./lowering.ts";

/** @param bytes uint8 [images, H, W, 3] @returns float32 of the same shape */
export function lowerNormalize(lowering: Lowering, bytes: Buffer): Buffer {
  const { plan, images, stages } = lowering;
  const { mean, std, output } = stages.normalize;
  const { imageRows } = mapSize(output, images);
  const image = floatBuffer(lowering, images * imageRows * 3);
  const scale = std.map((deviation) => 1 / (255 * deviation)) as [number, number, number];
  const shift = std.map((deviation, i) => -(mean[i] as number) / deviation) as [number, number, number];
  const [scaleR, scaleG, scaleB] = scale;
  const [shiftR, shiftG, shiftB] = shift;
  const factors = { scaleR, scaleG, scaleB, shiftR, shiftG, shiftB };
  plan.add("normalize", images, { images: bytes, output: image, pixels: imageRows, ...factors });
  return image;
}
