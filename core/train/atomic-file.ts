// Files that are there whole or not at all, also after a power cut: temp file, fsync, rename, fsync of the folder.
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { LockstepError } from "../errors.ts";

/** Ends the name of a file that is being written; one that was left behind may be deleted. */
export const TEMPORARY = ".tmp";

/** Replaces the file or leaves the old one as it was. @param content the bytes, or parts that follow each other @throws LockstepError "storage" */
export async function writeAtomically(path: string, content: Uint8Array | readonly Uint8Array[]): Promise<void> {
  const parts = content instanceof Uint8Array ? [content] : content;
  try {
    await replaceFile(path, async (file) => {
      for (const part of parts) await file.writeFile(part); // goes on where the part before it ended
    });
  } catch (cause) {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    throw storageError(path, bytes, cause);
  }
}

/** The same for what does not fit into memory. @throws what `write` or the file system throws */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID()}${TEMPORARY}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeAndSync(temporary, write);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {}); // the first error is the one to tell
    throw cause;
  }
}

async function writeAndSync(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, "wx");
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function storageError(path: string, bytes: number, cause: unknown): LockstepError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LockstepError({
    code: "storage",
    message: `cannot write ${path} (${bytes} bytes): ${reason}`,
    next: "Free space there or make the folder writable, then `exp resume` the run.",
    cause,
  });
}
