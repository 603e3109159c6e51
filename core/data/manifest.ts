// The manifest: every sample with its attributes, in code-unit order of ids, and a digest over them that names the data set.
import { createHash } from "node:crypto";
import type { Manifest, Sample } from "./sample.ts";

/** @param samples in any order */
export function buildManifest(parts: Omit<Manifest, "digest">): Manifest {
  return { digest: manifestDigest(parts.classes, parts.samples), ...parts };
}

function manifestDigest(classes: readonly string[], samples: readonly Sample[]): string {
  const hash = createHash("sha256").update(`lockstep manifest 1\n${JSON.stringify(classes)}\n`);
  for (const { id, sha256, label, group, widthPx, heightPx, officialPart } of samples)
    hash.update(`${JSON.stringify([id, sha256, label, group, widthPx, heightPx, officialPart])}\n`);
  return hash.digest("hex");
}
