// Stored files against their digests.
import { join } from "node:path";
import { fileDigest } from "../file-digest.ts";
import { fetchArtifact } from "../store/artifacts/fetch-artifact.ts";
import type { Store, StoredArtifact } from "../store/index.ts";
import { judged, notChecked, type VerdictLine } from "./verdict.ts";

/** A file that lies on another machine is fetched from the artifact store. @param home EXP_HOME */
export async function checkArtifacts(
  store: Store,
  artifacts: readonly StoredArtifact[],
  home: string,
): Promise<VerdictLine> {
  const findings: string[] = [];
  for (const artifact of artifacts) findings.push(...(await findingOf(store, artifact, home)));
  if (artifacts.length === 0) return notChecked("artifacts", "none is stored");
  return judged("artifacts", findings);
}

async function findingOf(store: Store, { name, path, sha256 }: StoredArtifact, home: string): Promise<string[]> {
  if (!(await fetchArtifact(store, home, { path, sha256 }))) return [`${name} is not at ${join(home, path)}`];
  const received = await fileDigest(join(home, path));
  return received === sha256 ? [] : [`${name} has sha256 ${received}, ${sha256} was stored`];
}
