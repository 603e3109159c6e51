// Where files of runs are kept beside EXP_HOME, so that other machines have them: ARTIFACTS_URL names an S3 bucket or a folder that machines
// share. Files are named by the sha256 of their content; one is there whole or not at all.
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { LockstepError } from "../../errors.ts";

export interface ObjectStore {
  /** As people gave it. */
  readonly name: string;
  /** @throws LockstepError "storage" where it is away, refuses, or is full */
  put(file: FileToPut): Promise<void>;
  /** Into a file that is written whole or not at all. @returns false where it is not there @throws LockstepError "storage" */
  get(sha256: string, path: string, onBytes?: OnBytes): Promise<boolean>;
  has(sha256: string): Promise<boolean>;
  /** Digests of all that is there, so many at a time. */
  list(): AsyncIterable<readonly StoredObject[]>;
  remove(sha256: string): Promise<void>;
  /** Writes, reads and removes a small file. @throws LockstepError "storage", with what to do */
  check(): Promise<void>;
  close(): void;
}

/** Bytes received so far. */
export type OnBytes = (bytes: number) => void;

export interface FileToPut {
  readonly sha256: string;
  readonly path: string;
  readonly bytes: number;
  /** Of an upload in parts that was interrupted; null: none. */
  readonly uploadId: string | null;
  /** Keeps the id of an upload in parts, so that it can go on later. */
  readonly keepUploadId: (id: string) => void;
}

export interface StoredObject {
  readonly sha256: string;
  readonly bytes: number;
}

/** What ARTIFACTS_URL says; null: files lie in EXP_HOME alone. */
export type ArtifactsPlace =
  | { readonly kind: "s3"; readonly url: string; readonly bucket: string; readonly prefix: string }
  | { readonly kind: "folder"; readonly path: string };

/** @throws LockstepError "usage" where ARTIFACTS_URL makes no sense */
export function artifactsPlace(url = process.env["ARTIFACTS_URL"] ?? ""): ArtifactsPlace | null {
  if (url === "") return null;
  const [, bucket, prefix = ""] = /^s3:\/\/([^/\s]+)(?:\/(.*?))?\/*$/.exec(url) ?? [];
  if (bucket !== undefined) return { kind: "s3", url, bucket, prefix };
  if (isAbsolute(url)) return { kind: "folder", path: url };
  if (url.startsWith("file:///")) return { kind: "folder", path: fileURLToPath(url) };
  throw new LockstepError({
    code: "usage",
    message: `ARTIFACTS_URL is "${url}", expected s3://bucket/prefix, or a folder as /path or file:///path.`,
    next: "Correct it, or unset it: files are then kept in EXP_HOME alone.",
  });
}

/** @param space names the database whose runs the files belong to: two databases may share one bucket */
export async function openObjectStore(place: ArtifactsPlace, space: string): Promise<ObjectStore> {
  if (place.kind === "folder") return (await import("./folder-store.ts")).openFolder(place.path, space);
  const { url: name, bucket, prefix } = place;
  const { openS3 } = await import("./s3-store.ts"); // its client loads only where it is used
  return openS3({ name, bucket, prefix: [prefix, space].filter((part) => part !== "") });
}

/** Of a file named by its content below a prefix: 256 folders keep listings short. */
export function keyOf(sha256: string): string {
  return `${sha256.slice(0, 2)}/${sha256}`;
}

export function damagedObject(name: string, sha256: string, received: string): LockstepError {
  return new LockstepError({
    code: "storage",
    message: `artifact store ${name}: the file ${sha256} is damaged there, it has sha256 ${received}.`,
    next: "Remove it there; exp spool flush on a machine that has the file sends it again.",
  });
}

/** The file on this machine is not what was recorded. */
export function changedFile(path: string, sha256: string, received: string): LockstepError {
  return new LockstepError({
    code: "storage",
    message: `${path} has changed since it was recorded: sha256 ${received}, recorded was ${sha256}. It is not sent.`,
    next: "exp verify names the run that it belongs to.",
  });
}
