// Where a run goes on: its newest checkpoint that is whole, here or in the artifact store. A damaged one is set aside and the one before
// it taken.
import { rename } from "node:fs/promises";
import { LockstepError } from "../errors.ts";
import { fetchResumePoint } from "../store/artifacts/fetch-artifact.ts";
import type { Store } from "../store/index.ts";
import { latestCheckpoint, stepOf } from "../train/checkpoint-folder.ts";
import { readCheckpoint } from "../train/checkpoint.ts";

export interface ResumePoint {
  /** Path, or null where no checkpoint was written yet. */
  readonly checkpoint: string | null;
  /** Damaged files that were set aside. */
  readonly damaged: readonly string[];
  /** What people should know; null: nothing. */
  readonly notice: string | null;
}

export interface RunFolder {
  readonly store: Pick<Store, "sql">;
  readonly runId: string;
  readonly folder: string;
}

/** With the artifact store away it is what lies here: the digest is the same, only more is trained again. */
export async function findResumePoint({ store, runId, folder }: RunFolder): Promise<ResumePoint> {
  const local = await latestCheckpoint(folder);
  const notice = await fetchResumePoint(store, { runId, folder }, local === null ? 0 : stepOf(local)).then(
    () => null,
    (error: unknown) => {
      if (!(error instanceof LockstepError)) throw error;
      return `${error.message} What lies in ${folder} is gone on from.`;
    },
  );
  const damaged: string[] = [];
  for (;;) {
    const checkpoint = await latestCheckpoint(folder);
    if (checkpoint === null || (await isWhole(checkpoint))) return { checkpoint, damaged, notice };
    damaged.push(`${checkpoint}.damaged`);
    await rename(checkpoint, `${checkpoint}.damaged`);
  }
}

async function isWhole(path: string): Promise<boolean> {
  try {
    await readCheckpoint(path);
    return true;
  } catch (error) {
    if (error instanceof LockstepError && error.code === "weights-invalid") return false;
    throw error;
  }
}
