// Windows bitmaps, which sharp does not read: bmp-ts decodes them. Alpha is dropped, as of other formats.
import type { DecodedImage } from "./candidate.ts";
import type { ImageSize } from "./sample.ts";

/** Of the file's header and the shortest header of an image that tells its size in 32 bits. */
const HEADERS_BYTES = 54;

export function isBmp(bytes: Buffer): boolean {
  return bytes.length >= HEADERS_BYTES && bytes.subarray(0, 2).toString("latin1") === "BM";
}

/** As the header says; a negative height means that the rows go from top to bottom. */
export function bmpSize(bytes: Buffer): ImageSize {
  return { widthPx: bytes.readInt32LE(18), heightPx: Math.abs(bytes.readInt32LE(22)) };
}

/** @throws Error where the bytes are damaged */
export async function decodeBmp(bytes: Buffer): Promise<DecodedImage> {
  const { decode } = await import("bmp-ts");
  const { data, width, height } = decode(bytes, { toRGBA: true });
  const rgb = new Uint8Array(width * Math.abs(height) * 3);
  if (data.length * 3 < rgb.length * 4) throw new Error("fewer pixels than the header says");
  for (let i = 0; i < rgb.length / 3; i++) rgb.set(data.subarray(i * 4, i * 4 + 3), i * 3);
  return { data: rgb, widthPx: width, heightPx: Math.abs(height) };
}
