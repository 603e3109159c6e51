// Files that a program or a hook gives to a run: copied below EXP_HOME, each named by its content, so that the same one is kept once.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { LockstepError } from "../errors.ts";
import type { ArtifactEvent } from "./recorder.ts";

export type KeptFile = Pick<ArtifactEvent, "path" | "sha256" | "bytes" | "mediaType">;

interface Owner {
  /** EXP_HOME. */
  readonly home: string;
  readonly runId: string;
}

/** @throws LockstepError "storage" where it cannot be read, or not be written below the home */
export function keepFile(owner: Owner, path: string): KeptFile {
  return orStorageError(resolve(path.replaceAll("\0", "\u2400")), () => {
    if (!statSync(path).isFile()) throw new Error("it is no file");
    return keep(owner, readFileSync(path), extname(path).toLowerCase());
  });
}

/** @param extension such as ".png" @throws LockstepError "storage" */
export function keepBytes(owner: Owner, bytes: Uint8Array, extension: string): KeptFile {
  return orStorageError(`a ${extension} file`, () => keep(owner, bytes, extension));
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".html": "text/html",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".webp": "image/webp",
};

/** Of a file with such an ending. */
export function mediaTypeOf(extension: string): string {
  return MEDIA_TYPES[extension.toLowerCase()] ?? "application/octet-stream";
}

const SIGNATURES: readonly (readonly [string, (bytes: Buffer) => boolean])[] = [
  [".png", (bytes) => bytes.subarray(0, 8).equals(Buffer.from("89504e470d0a1a0a", "hex"))],
  [".jpg", (bytes) => bytes.subarray(0, 3).equals(Buffer.from("ffd8ff", "hex"))],
  [".gif", (bytes) => /^GIF8[79]a/.test(bytes.toString("latin1", 0, 6))],
  [".webp", (bytes) => bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP"],
];

/** ".png", ".jpg", ".gif" or ".webp" by the first bytes; null: none of them. */
export function imageExtension(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16));
  return SIGNATURES.find(([, fits]) => fits(start))?.[0] ?? null;
}

/** There whole or not at all. */
function keep({ home, runId }: Owner, bytes: Uint8Array, extension: string): KeptFile {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const ending = /^\.[\w-]{1,20}$/.test(extension) ? extension : "";
  const path = `artifacts/${runId}/${sha256}${ending}`;
  const whole = join(home, path);
  mkdirSync(join(home, "artifacts", runId), { recursive: true });
  const part = `${whole}.${process.pid}.tmp`;
  try {
    writeFileSync(part, bytes);
    renameSync(part, whole);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  return { path, sha256, bytes: bytes.length, mediaType: mediaTypeOf(extension) };
}

function orStorageError(what: string, work: () => KeptFile): KeptFile {
  try {
    return work();
  } catch (cause) {
    throw new LockstepError({
      code: "storage",
      message: `${what} cannot be kept: ${(cause as Error).message.replaceAll("\0", "\u2400")}`,
      next: "Give a file that can be read, and room for a copy of it in EXP_HOME.",
      cause,
    });
  }
}
