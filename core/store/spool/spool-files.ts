// The spool folder of a home: files named `<first seq, 16 digits>-<run id>.spool`, so that names sort in order of time.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { decodeRecords, recordLength, type DecodedRecords } from "./record.ts";

export interface SpoolFile {
  readonly path: string;
  readonly runId: string;
  readonly firstSeq: number;
  readonly bytes: number;
}

export function spoolFolder(home: string): string {
  const folder = join(home, "spool");
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function spoolFileName(firstSeq: number, runId: string): string {
  return `${String(firstSeq).padStart(16, "0")}-${runId}.spool`;
}

/** Oldest first. */
export function listSpools(home: string): SpoolFile[] {
  const folder = join(home, "spool");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) => describeSpool(folder, name));
}

function describeSpool(folder: string, name: string): SpoolFile[] {
  const [, firstSeq, runId] = /^(\d{16})-([0-9a-f-]{36})\.spool$/.exec(name) ?? [];
  const stat = statSync(join(folder, name), { throwIfNoEntry: false });
  if (firstSeq === undefined || runId === undefined || stat === undefined) return [];
  return [{ path: join(folder, name), runId, firstSeq: Number(firstSeq), bytes: stat.size }];
}

/** After all of it is in the database; another process may have done the same. */
export function removeSpool(path: string): void {
  rmSync(path, { force: true });
}

const DAMAGED = ".damaged";

/** Files that were sent up to a damage and are kept for people to look at. */
export function listDamaged(home: string): string[] {
  const folder = join(home, "spool");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(DAMAGED))
    .sort()
    .map((name) => join(folder, name));
}

/** A file with a wrong checksum inside is kept. @returns its new path */
export function setAsideSpool(path: string): string {
  const aside = `${path}${DAMAGED}`;
  if (existsSync(path)) renameSync(path, aside);
  return aside;
}

/** What is read, and sent in one transaction, at a time. */
export const BULK_BYTES = 1024 * 1024;

/** The next records from `offset`, at most about 1 MiB of them and at least one. @param end reads no further; default the file's end */
export async function readSpool(path: string, offset: number, end?: number): Promise<DecodedRecords> {
  const file = await open(path, "r");
  try {
    const stop = end ?? (await file.stat()).size;
    const first = await readAt(file, offset, Math.min(BULK_BYTES, stop - offset));
    const decoded = decodeRecords(first);
    const length = recordLength(first, 0);
    if (decoded.rest !== "cut" || decoded.consumed > 0 || typeof length === "string")
      return inChunk(decoded, stop - offset);
    if (length > stop - offset) return decoded; // else: one record longer than a chunk
    return decodeRecords(await readAt(file, offset, length));
  } finally {
    await file.close();
  }
}

/** What looks cut at the end of a chunk goes on in the next one. */
function inChunk(decoded: DecodedRecords, available: number): DecodedRecords {
  const goesOn = decoded.rest === "cut" && available > BULK_BYTES;
  return goesOn ? { ...decoded, rest: null } : decoded;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(length, 0)), 0, Math.max(length, 0), offset);
  return buffer.subarray(0, bytesRead);
}
