// The file of prepared images: one line of JSON (magic, digest of the pixels, sizes), then the pixels. Written beside its place
// and renamed, so that two processes at once both succeed and nobody sees half a file; a damaged one is made again.
import { createHash, randomUUID } from "node:crypto";
import { openSync, read } from "node:fs";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { LockstepError } from "../errors.ts";
import type { ImageSize, Prepared, PreparedImage } from "./sample.ts";

const MAGIC = "lockstep prepared images 1";
/** Read and hashed at a time: small, so that the main thread stays free for others. */
const CHUNK_BYTES = 4 * 1024 * 1024;

interface Header {
  readonly magic: string;
  readonly digest: string;
  /** By sample index: width and height; the pixels follow one another. */
  readonly sizes: readonly (readonly [number, number])[];
}

/** Opens the file and checks every byte. @returns null where there is none */
export async function openPreparedFile(path: string): Promise<Prepared | "damaged" | null> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return null;
  try {
    const header = await readHeader(file);
    if (header === null) return "damaged";
    const { digest, sizes } = header.value;
    const images = layOut(sizes, header.bytes);
    if ((await file.stat()).size !== endOf(images, header.bytes)) return "damaged";
    if ((await digestOf(file, sizes, header.bytes)) !== digest) return "damaged";
    return { digest, images, file: openSync(path, "r") };
  } finally {
    await file.close();
  }
}

/** Stores an image at its place. @param pixels uint8 RGB */
export type WriteImage = (sampleIndex: number, pixels: Uint8Array) => Promise<void>;

/** @param fill writes every image once, in any order */
export async function writePreparedFile(
  path: string,
  stored: readonly ImageSize[],
  fill: (write: WriteImage) => Promise<void>,
): Promise<Prepared> {
  const sizes = stored.map(({ widthPx, heightPx }) => [widthPx, heightPx] as const);
  const headerOf = (digest: string): Buffer =>
    Buffer.from(`${JSON.stringify({ magic: MAGIC, digest, sizes } satisfies Header)}\n`);
  const start = headerOf("0".repeat(64)).length;
  const images = layOut(sizes, start);
  const temporary = `${path}.${process.pid}@${hostname()}.${randomUUID()}.tmp`;
  try {
    const file = await mkdir(dirname(path), { recursive: true })
      .then(() => open(temporary, "w+"))
      .catch((cause: unknown) => Promise.reject(notWritable(path, cause)));
    let digest: string;
    try {
      const write = (bytes: Uint8Array, at: number) => writeAll(file, bytes, at).catch(rejectAs(path));
      await fill((index, pixels) => write(pixels, (images[index] as PreparedImage).offset));
      digest = await digestOf(file, sizes, start);
      await write(headerOf(digest), 0); // last: without its digest the file is no prepared one
      await file.sync().catch(rejectAs(path));
    } finally {
      await file.close();
    }
    const descriptor = openSync(temporary, "r");
    await rename(temporary, path).catch(rejectAs(path));
    return { digest, images, file: descriptor };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether a file is what a process of this machine that was killed had begun to write. */
export function isLeftOver(path: string): boolean {
  const [, pid, host] = /\.images\.(\d+)@(.*)\.[0-9a-f-]{36}\.tmp$/.exec(path) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0); // asks only
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** One image's pixels, uint8 RGB [heightPx, widthPx, 3]. */
export async function readPreparedImage({ file, images }: Prepared, sampleIndex: number): Promise<Buffer> {
  const image = images[sampleIndex];
  if (image === undefined) throw new RangeError(`no prepared image ${sampleIndex} of ${images.length}`);
  const pixels = Buffer.alloc(image.widthPx * image.heightPx * 3);
  for (let at = 0; at < pixels.length;) {
    const { bytesRead } = await readAt(file, pixels, at, pixels.length - at, image.offset + at);
    if (bytesRead === 0) throw new RangeError(`the file of prepared images ends before image ${sampleIndex}`);
    at += bytesRead;
  }
  return pixels;
}

const readAt = promisify(read);

async function readHeader(file: FileHandle): Promise<{ value: Header; bytes: number } | null> {
  const parts: Buffer[] = [];
  for (let at = 0; ; at += 65_536) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, at);
    if (bytesRead === 0) return null;
    const end = buffer.indexOf(10);
    parts.push(buffer.subarray(0, end >= 0 && end < bytesRead ? end : bytesRead));
    if (end < 0 || end >= bytesRead) continue;
    const value = parse(Buffer.concat(parts).toString("utf8"));
    return value === null ? null : { value, bytes: at + end + 1 };
  }
}

function parse(text: string): Header | null {
  if (!text.startsWith(`{"magic":"${MAGIC}"`)) return null;
  try {
    return JSON.parse(text) as Header;
  } catch {
    return null; // damaged: made again
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;)
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

/** @param start where the pixels begin */
function layOut(sizes: Header["sizes"], start: number): PreparedImage[] {
  let offset = start;
  return sizes.map(([widthPx, heightPx]) => {
    const image = { offset, widthPx, heightPx };
    offset += widthPx * heightPx * 3;
    return image;
  });
}

function endOf(images: readonly PreparedImage[], start: number): number {
  const last = images.at(-1);
  return last === undefined ? start : last.offset + last.widthPx * last.heightPx * 3;
}

/** Over sizes and pixels. @param start where the pixels begin */
async function digestOf(file: FileHandle, sizes: Header["sizes"], start: number): Promise<string> {
  const hash = createHash("sha256").update(`${MAGIC}\n${JSON.stringify(sizes)}\n`);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let at = start; ;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function rejectAs(path: string): (cause: unknown) => never {
  return (cause) => {
    throw notWritable(path, cause);
  };
}

function notWritable(path: string, cause: unknown): LockstepError {
  const code = (cause as NodeJS.ErrnoException).code;
  const what = code === "ENOSPC" ? "the disk is full" : `cannot be written (${code ?? String(cause)})`;
  const next = "Free space, or move the home folder with EXP_HOME.";
  return new LockstepError({ code: "storage", message: `prepared images ${path}: ${what}`, next, cause });
}
