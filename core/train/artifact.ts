// Files that are stored with a run: what is recorded of them.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, relative, sep } from "node:path";
import type { ArtifactEvent } from "./recorder.ts";

export type ArtifactAbout = Pick<ArtifactEvent, "artifactKind" | "mediaType" | "epoch">;

/** @param home paths are recorded relative to it, with forward slashes */
export async function artifactOf(path: string, home: string, about: ArtifactAbout): Promise<ArtifactEvent> {
  const bytes = await readFile(path);
  return {
    kind: "artifact",
    ...about,
    name: basename(path),
    path: relative(home, path).split(sep).join("/"),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
  };
}
