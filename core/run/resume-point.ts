// Where a run goes on: its newest checkpoint that is whole. A damaged one is set aside and the one before it taken.
import { rename } from "node:fs/promises";
import { LockstepError } from "../errors.ts";
import { latestCheckpoint } from "../train/checkpoint-folder.ts";
import { readCheckpoint } from "../train/checkpoint.ts";

export interface ResumePoint {
  /** Path, or null where no checkpoint was written yet. */
  readonly checkpoint: string | null;
  /** Damaged files that were set aside. */
  readonly damaged: readonly string[];
}

export async function findResumePoint(folder: string): Promise<ResumePoint> {
  const damaged: string[] = [];
  for (;;) {
    const checkpoint = await latestCheckpoint(folder);
    if (checkpoint === null || (await isWhole(checkpoint))) return { checkpoint, damaged };
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
