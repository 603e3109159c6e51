// Reading a backup: first the checksum over the whole file, then the header and the tables' blocks, never more than a block in memory.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { LockstepError } from "../../errors.ts";
import { CHECKSUM_BYTES, damaged, FIRST_LINE, LENGTH_BYTES, type BackupHeader } from "./format.ts";

export interface Backup {
  readonly header: BackupHeader;
  /** COPY text of the next table of the header; to be read to its end before the next is asked for. */
  readonly nextTable: () => AsyncIterable<Buffer>;
  readonly close: () => void;
}

/** Reads all of it once. @returns its bytes without the checksum @throws LockstepError "storage" where a byte is not as it was written */
export async function checkBackup(
  path: string,
  onBytes: (read: number, total: number) => void = () => {},
): Promise<number> {
  const { size, checksum } = await readEnds(path);
  const hash = createHash("sha256");
  let read = 0;
  for await (const part of createReadStream(path, { end: size - CHECKSUM_BYTES - 1 })) {
    hash.update(part as Buffer);
    onBytes((read += (part as Buffer).length), size - CHECKSUM_BYTES);
  }
  if (!hash.digest().equals(checksum))
    throw damaged(path, "its checksum does not fit its content (cut off or changed)");
  return read;
}

/** Looks at what cannot be read at all, and at the first line. */
async function readEnds(path: string): Promise<{ size: number; checksum: Buffer }> {
  let file;
  try {
    file = await open(path);
    const { size } = await file.stat();
    const first = await readAt(file, 0, FIRST_LINE.length);
    if (!first.equals(FIRST_LINE)) throw wrongFormat(path, first);
    if (size <= FIRST_LINE.length + CHECKSUM_BYTES) throw damaged(path, `it ends after ${size} bytes`);
    return { size, checksum: await readAt(file, size - CHECKSUM_BYTES, CHECKSUM_BYTES) };
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    const message = `cannot read ${path}: ${(cause as Error).message}`;
    throw new LockstepError({ code: "storage", message, next: "Give the file that exp db backup wrote.", cause });
  } finally {
    await file?.close();
  }
}

async function readAt(file: Awaited<ReturnType<typeof open>>, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function wrongFormat(path: string, first: Buffer): LockstepError {
  const version = /^lockstep backup (\d+)\n/.exec(first.toString("latin1"))?.[1];
  if (version === undefined) return damaged(path, 'it does not begin with "lockstep backup"');
  return new LockstepError({
    code: "storage",
    message: `${path} is a backup of format ${version}; this version of Lockstep reads format 1.`,
    next: "Restore it with the Lockstep that made it, or a later one.",
  });
}

/** Opens a file that `checkBackup` found whole. */
export async function openBackup(path: string, onBytes: (read: number) => void = () => {}): Promise<Backup> {
  const { size } = await readEnds(path);
  const raw = createReadStream(path, { start: FIRST_LINE.length, end: size - CHECKSUM_BYTES - 1 });
  const stream = raw.pipe(createGunzip());
  raw.on("error", (error) => stream.destroy(error));
  const take = createTaker(path, stream);
  const header = JSON.parse((await take.line()).toString()) as BackupHeader;
  async function* nextTable(): AsyncGenerator<Buffer> {
    for (;;) {
      const length = (await take.bytes(LENGTH_BYTES)).readUInt32BE();
      if (length === 0) return;
      onBytes(raw.bytesRead);
      yield await take.bytes(length);
    }
  }
  const close = (): void => {
    raw.destroy();
    stream.destroy();
  };
  return { header, nextTable, close };
}

/** Takes pieces of wanted lengths off a stream. */
function createTaker(path: string, stream: AsyncIterable<Buffer>) {
  const parts = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const next = await parts.next();
    if (next.done === true) throw damaged(path, "it ends too early");
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
  };
  const bytes = async (length: number): Promise<Buffer> => {
    while (rest.length < length) await more();
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  const line = async (): Promise<Buffer> => {
    while (!rest.includes(10)) await more();
    return bytes(rest.indexOf(10) + 1);
  };
  return { bytes, line };
}
