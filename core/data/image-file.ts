// One image file: read, decoded by sharp upright to 8-bit RGB, and refused with a reason where a network should not see it.
import { createHash } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Metadata } from "sharp";
import { BadImage, type DecodedImage, type ImageFacts } from "./candidate.ts";
import type { KnownFacts } from "./known-facts.ts";
import { bmpSize, decodeBmp, isBmp } from "./bmp.ts";
import { perceptualHash } from "./perceptual-hash.ts";
import { sha256Of } from "./sha256.ts";

/** Formats by extension; everything else in a class folder is not taken for an image. */
const FORMATS: Readonly<Record<string, string>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
  ".tif": "tiff",
  ".tiff": "tiff",
  ".gif": "gif",
  ".avif": "heif",
  ".bmp": "bmp",
};
const LEAST_SIDE_PX = 8;
const LARGEST_SIDE_PX = 16_384;
const LARGEST_AREA_PX = 100_000_000;

export function hasImageExtension(path: string): boolean {
  return FORMATS[extname(path).toLowerCase()] !== undefined;
}

/** Facts about a file that decodes; known bytes are not decoded again. @throws BadImage */
export async function inspectImageFile(path: string, known: KnownFacts): Promise<ImageFacts> {
  const bytes = await readBytes(path);
  const facts = known.get(sha256Of(bytes));
  return facts !== undefined && FORMATS[extname(path).toLowerCase()] === facts.format
    ? facts
    : inspectBytes(bytes, path);
}

/** @param sha256 of the bytes that were listed @throws BadImage where they are others now */
export async function decodeImageFile(path: string, sha256: string): Promise<DecodedImage> {
  const bytes = await readBytes(path);
  if (sha256Of(bytes) !== sha256) throw new BadImage("has changed since it was listed");
  return decodeBytes(bytes);
}

/** An image that no data set knows. @throws BadImage */
export async function readImageFile(path: string): Promise<DecodedImage> {
  return decodeNamed(await readBytes(path), path);
}

/** @param name whose extension the bytes must fit @throws BadImage */
export async function decodeNamed(bytes: Buffer, name: string): Promise<DecodedImage> {
  if (bytes.length === 0) throw new BadImage("empty: 0 bytes");
  await readMetadata(bytes, name);
  return decodeBytes(bytes);
}

async function inspectBytes(bytes: Buffer, path: string): Promise<ImageFacts> {
  const { format, channels } = await readMetadata(bytes, path);
  const image = await decodeBytes(bytes);
  return {
    sha256: sha256Of(bytes),
    widthPx: image.widthPx,
    heightPx: image.heightPx,
    format,
    channels,
    bytes: bytes.length,
    pixelSha256: pixelSha256(image),
    perceptualHash: perceptualHash(image),
  };
}

/** Over size and pixels, so that images of other shapes with the same bytes differ. */
export function pixelSha256({ data, widthPx, heightPx }: DecodedImage): string {
  return createHash("sha256").update(`${widthPx}x${heightPx}\n`).update(data).digest("hex");
}

async function readBytes(path: string): Promise<Buffer> {
  const bytes = await lstat(path)
    .then((found) => (found.isDirectory() ? Promise.reject(new BadImage("a folder, not a file")) : readFile(path)))
    .catch((error: unknown) => {
      throw error instanceof BadImage ? error : new BadImage(systemReason(error), { cause: error });
    });
  if (bytes.length === 0) throw new BadImage("empty: 0 bytes");
  return bytes;
}

function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  if (code === "EACCES" || code === "EPERM") return "this user may not read it";
  if (code === "ENOENT") return "no such file";
  return `cannot be read (${code})`;
}

async function readMetadata(bytes: Buffer, path: string): Promise<{ format: string; channels: number }> {
  const metadata = isBmp(bytes) ? bmpMetadata(bytes) : await sharpMetadata(bytes);
  const reason =
    refusal(metadata, extname(path).toLowerCase()) ??
    (isAnimatedPng(bytes) ? "animated (APNG); one image is expected" : null);
  if (reason !== null) throw new BadImage(reason);
  return { format: metadata.format, channels: metadata.channels };
}

type Header = Pick<Metadata, "format" | "width" | "height" | "channels" | "pages">;

function bmpMetadata(bytes: Buffer): Header {
  const { widthPx: width, heightPx: height } = bmpSize(bytes);
  return { format: "bmp" as Header["format"], width, height, channels: 3 };
}

async function sharpMetadata(bytes: Buffer): Promise<Header> {
  const { default: sharp } = await import("sharp");
  return sharp(bytes, { limitInputPixels: false, failOn: "error" })
    .metadata()
    .catch((cause: unknown) => {
      throw new BadImage(foreignReason(bytes), { cause });
    });
}

/** Why an image whose header is sound is still not used, or null. */
function refusal({ format, width, height, pages = 1 }: Header, extension: string): string | null {
  const expected = FORMATS[extension];
  if (expected !== undefined && expected !== format) return `named ${extension}, but its bytes are ${format}`;
  if (pages > 1) return `animated or with several pages (${pages}); one image is expected`;
  if (width < LEAST_SIDE_PX || height < LEAST_SIDE_PX)
    return `${width} x ${height} pixels; each side must have at least ${LEAST_SIDE_PX}`;
  if (width > LARGEST_SIDE_PX || height > LARGEST_SIDE_PX)
    return `${width} x ${height} pixels; no side may have more than ${LARGEST_SIDE_PX}`;
  if (width * height > LARGEST_AREA_PX)
    return `${width} x ${height} pixels; at most ${LARGEST_AREA_PX / 1e6} million are decoded`;
  return null;
}

/** libvips reads the first picture of an animated PNG and says nothing: an acTL chunk stands before the first IDAT. */
function isAnimatedPng(bytes: Buffer): boolean {
  if (bytes.subarray(1, 4).toString("latin1") !== "PNG") return false;
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const chunk = bytes.subarray(at + 4, at + 8).toString("latin1");
    if (chunk === "acTL" || chunk === "IDAT") return chunk === "acTL";
  }
  return false;
}

/** Alpha is dropped and greyscale repeated, as Pillow's convert("RGB") does; 16 bits become 8. */
async function decodeBytes(bytes: Buffer): Promise<DecodedImage> {
  if (isBmp(bytes)) return decodeBitmap(bytes);
  const { default: sharp } = await import("sharp"); // its library loads when it is needed, not at every start
  const { data, info } = await sharp(bytes, { limitInputPixels: LARGEST_AREA_PX, failOn: "error" })
    .autoOrient()
    .toColourspace("srgb")
    .removeAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new BadImage(`cannot be decoded: ${damage(bytes)}`, { cause });
    });
  return { data: info.channels === 1 ? repeatGrey(data) : data, widthPx: info.width, heightPx: info.height };
}

async function decodeBitmap(bytes: Buffer): Promise<DecodedImage> {
  try {
    return await decodeBmp(bytes);
  } catch (cause) {
    throw new BadImage("cannot be decoded: damaged or truncated", { cause });
  }
}

/** From the bytes alone: libvips mixes up the messages of images that fail at the same time. */
function damage(bytes: Buffer): string {
  const png = bytes.subarray(1, 4).toString("latin1") === "PNG";
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  const webp = bytes.subarray(8, 12).toString("latin1") === "WEBP";
  const cut =
    (png && !bytes.includes("IEND", -64)) ||
    (jpeg && !bytes.includes(Buffer.from([0xff, 0xd9]), -1024)) ||
    (webp && bytes.readUInt32LE(4) + 8 > bytes.length);
  return cut ? "truncated" : "damaged or truncated";
}

/** @param grey uint8 [n] @returns uint8 [n, 3] */
export function repeatGrey(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] as number, i * 3, i * 3 + 3);
  return rgb;
}

/** What a file is that no decoder knows. */
function foreignReason(bytes: Buffer): string {
  if (bytes.subarray(128, 132).toString("latin1") === "DICM") return "DICOM is not read; export it as PNG";
  return looksLikeText(bytes) ? "not an image: text" : "not an image, or its header is damaged";
}

function looksLikeText(bytes: Buffer): boolean {
  return bytes.subarray(0, 512).every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
}
