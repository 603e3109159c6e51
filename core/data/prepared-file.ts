// The file of prepared images: one line of JSON (magic, sizes, digest of the pixels), then the pixels. Written beside its place
// and renamed, so that two processes at once both succeed and nobody sees half a file; a damaged one is made again.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { LockstepError } from "../errors.ts";
import type { Prepared } from "./sample.ts";

const MAGIC = "lockstep prepared images 1";
/** node:fs reads and writes at most 2 GiB at a time. */
const CHUNK_BYTES = 64 * 1024 * 1024;

interface Header {
  readonly magic: string;
  readonly digest: string;
  /** By sample index: width and height; the pixels follow one another. */
  readonly sizes: readonly (readonly [number, number])[];
}

/** The images in shared memory, or null where the file is absent or damaged. */
export async function readPreparedFile(path: string): Promise<Prepared | null> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return null;
  try {
    const header = await readHeader(file);
    if (header === null) return null;
    const images = layOut(header.value.sizes);
    const last = images.at(-1);
    const bytes = last === undefined ? 0 : last.offset + last.widthPx * last.heightPx * 3;
    if ((await file.stat()).size !== header.bytes + bytes) return null;
    const pixels = new Uint8Array(new SharedArrayBuffer(bytes));
    await readInto(file, pixels, header.bytes);
    return digestOf(pixels, header.value.sizes) === header.value.digest
      ? { digest: header.value.digest, pixels, images }
      : null;
  } finally {
    await file.close();
  }
}

/** Writes the file and gives the images back with their digest. */
export async function writePreparedFile(path: string, { pixels, images }: Omit<Prepared, "digest">): Promise<Prepared> {
  const sizes = images.map(({ widthPx, heightPx }) => [widthPx, heightPx] as const);
  const header: Header = { magic: MAGIC, digest: digestOf(pixels, sizes), sizes };
  const temporary = `${path}.${process.pid}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    try {
      await file.write(`${JSON.stringify(header)}\n`);
      for (let at = 0; at < pixels.length; at += CHUNK_BYTES) await file.write(pixels.slice(at, at + CHUNK_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw notWritable(path, cause);
  }
  return { digest: header.digest, pixels, images };
}

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

async function readInto(file: FileHandle, pixels: Uint8Array, from: number): Promise<void> {
  for (let at = 0; at < pixels.length;) {
    const length = Math.min(CHUNK_BYTES, pixels.length - at);
    const { bytesRead } = await file.read(pixels, at, length, from + at);
    if (bytesRead === 0) return; // shorter than its header says: the digest will differ
    at += bytesRead;
  }
}

function layOut(sizes: Header["sizes"]): Prepared["images"] {
  let offset = 0;
  return sizes.map(([widthPx, heightPx]) => {
    const image = { offset, widthPx, heightPx };
    offset += widthPx * heightPx * 3;
    return image;
  });
}

function digestOf(pixels: Uint8Array, sizes: Header["sizes"]): string {
  return createHash("sha256")
    .update(`${MAGIC}\n${JSON.stringify(sizes)}\n`)
    .update(pixels)
    .digest("hex");
}

function notWritable(path: string, cause: unknown): LockstepError {
  const code = (cause as NodeJS.ErrnoException).code;
  const what = code === "ENOSPC" ? "the disk is full" : `cannot be written (${code ?? String(cause)})`;
  const next = "Free space, or move the home folder with EXP_HOME.";
  return new LockstepError({ code: "storage", message: `prepared images ${path}: ${what}`, next, cause });
}
