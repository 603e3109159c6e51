// Files that are stored with a run: what is recorded of them.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, relative, sep } from "node:path";
import type { ArtifactEvent } from "./recorder.ts";

export type ArtifactAbout = Pick<ArtifactEvent, "artifactKind" | "mediaType" | "epoch">;

/** @param home paths are recorded relative to it, with forward slashes */
export async function artifactOf(path: string, home: string, about: ArtifactAbout): Promise<ArtifactEvent> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(part);
    bytes += part.length;
  }
  return {
    kind: "artifact",
    ...about,
    name: basename(path),
    path: relative(home, path).split(sep).join("/"),
    sha256: hash.digest("hex"),
    bytes,
  };
}
