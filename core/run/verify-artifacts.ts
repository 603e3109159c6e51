// Stored files against their digests.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoredArtifact } from "../store/index.ts";
import { judged, notChecked, type VerdictLine } from "./verdict.ts";

export async function checkArtifacts(artifacts: readonly StoredArtifact[], home: string): Promise<VerdictLine> {
  const findings = (await Promise.all(artifacts.map((artifact) => findingOf(artifact, home)))).flat();
  if (artifacts.length === 0) return notChecked("artifacts", "none is stored");
  return judged("artifacts", findings);
}

async function findingOf({ name, path, sha256 }: StoredArtifact, home: string): Promise<string[]> {
  try {
    const received = createHash("sha256")
      .update(await readFile(join(home, path)))
      .digest("hex");
    return received === sha256 ? [] : [`${name} has sha256 ${received}, ${sha256} was stored`];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [`${name} is not at ${join(home, path)}`];
    throw error;
  }
}
