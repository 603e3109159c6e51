// Files that are stored with a run: what is recorded of them.
import { stat } from "node:fs/promises";
import { basename, relative, sep } from "node:path";
import { fileDigest } from "../file-digest.ts";
import type { ArtifactEvent } from "./recorder.ts";

export type ArtifactAbout = Pick<ArtifactEvent, "artifactKind" | "mediaType" | "epoch">;

export type StoredFile = Pick<ArtifactEvent, "path" | "sha256" | "bytes">;

/** @param home paths are recorded relative to it, with forward slashes */
export async function storedFile(path: string, home: string): Promise<StoredFile> {
  const sha256 = await fileDigest(path);
  const { size: bytes } = await stat(path);
  return { path: relative(home, path).split(sep).join("/"), sha256, bytes };
}

export async function artifactOf(path: string, home: string, about: ArtifactAbout): Promise<ArtifactEvent> {
  return { kind: "artifact", ...about, name: basename(path), ...(await storedFile(path, home)) };
}
