// A stored file on this machine: as it lies in EXP_HOME, or else from the artifact store, checked by its digest, and kept.
import { existsSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import type { Store } from "../connect.ts";
import { readResumePoint } from "./references.ts";
import { openArtifactStore } from "./uploader.ts";

export interface Fetchable {
  /** Below EXP_HOME. */
  readonly path: string;
  readonly sha256: string;
}

/** @returns whether it is here now @throws LockstepError "storage" where the artifact store is away or refuses */
export async function fetchArtifact(
  store: Pick<Store, "sql">,
  home: string,
  { path, sha256 }: Fetchable,
): Promise<boolean> {
  const whole = resolve(home, path);
  if (existsSync(whole)) return true;
  if (!whole.startsWith(resolve(home) + sep)) return false;
  const objects = await openArtifactStore(store);
  if (objects === null) return false;
  try {
    return await objects.get(sha256, whole);
  } finally {
    objects.close();
  }
}

/** Checkpoint and best weights of a run that another machine has begun, into its folder. @returns whether there were any */
export async function fetchResumePoint(
  store: Pick<Store, "sql">,
  { runId, folder }: { readonly runId: string; readonly folder: string },
  fromStep: number,
): Promise<boolean> {
  const point = await readResumePoint(store, runId);
  if (point === null || point.step <= fromStep) return false;
  const objects = await openArtifactStore(store);
  if (objects === null) return false;
  try {
    const { bestName, bestSha256 } = point;
    if (bestName !== null && bestSha256 !== null && !(await objects.get(bestSha256, join(folder, bestName))))
      return false;
    return await objects.get(point.sha256, join(folder, point.name));
  } finally {
    objects.close();
  }
}
