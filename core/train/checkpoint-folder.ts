// The checkpoints of one run in its folder: "step-000120.safetensors", of which the newest are kept, and the best epoch's weights,
// "best-epoch-07-accuracy-0.8974.safetensors". The older files go only when the newer ones are safely there. Writing goes on in the
// background, one file after the other, while the next epoch trains.
import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { LockstepError } from "../errors.ts";
import type { Network, State } from "../model/network.ts";
import { TEMPORARY } from "./atomic-file.ts";
import { writeCheckpoint, type Checkpoint } from "./checkpoint.ts";
import type { CheckpointPlan } from "./contract.ts";
import type { Standing } from "./standing.ts";

const STEP_FILE = /^step-(\d+)\.safetensors$/;
const BEST_FILE = /^best-.*\.safetensors$/;
const DEFAULT_KEEP = 2;

/** Path of the checkpoint with the most steps, or null where the folder has none. */
export async function latestCheckpoint(folder: string): Promise<string | null> {
  const newest = stepFiles(await namesIn(folder))[0];
  return newest === undefined ? null : join(folder, newest);
}

export interface SavedState {
  readonly state: State;
  /** Its digest, where it is known already. */
  readonly digest?: string;
}

export class CheckpointFolder {
  private readonly plan: CheckpointPlan;
  private readonly network: Network;
  private readonly about: Omit<Checkpoint, "standing" | "state">;
  private writing: Promise<void> = Promise.resolve();

  constructor(plan: CheckpointPlan, network: Network, about: Omit<Checkpoint, "standing" | "state">) {
    this.plan = plan;
    this.network = network;
    this.about = about;
  }

  /** Makes the folder and removes what a killed process left half-written. */
  async open(): Promise<void> {
    await mkdir(this.plan.folder, { recursive: true }).catch((cause: unknown) => {
      throw unwritable(this.plan.folder, cause);
    });
    await this.remove((await namesIn(this.plan.folder)).filter((name) => name.endsWith(TEMPORARY)));
  }

  path(file: string): string {
    return join(this.plan.folder, file);
  }

  /**
   * Begins to write state and standing; then older ones beyond `keep` and every best file but the standing's are deleted.
   * @param step of the run @param saved the state is the caller's no more @returns the file's path, once all before it is written
   */
  async writeStep(step: number, standing: Standing, { state, digest }: SavedState): Promise<string> {
    await this.written();
    const path = this.path(`step-${String(step).padStart(6, "0")}.safetensors`);
    this.enqueue(async () => {
      await writeCheckpoint(path, this.network, { ...this.about, standing, state }, digest);
      await this.prune(standing, this.plan.keep ?? DEFAULT_KEEP);
      this.plan.onStep?.({ step, path, bestPath: standing.best === null ? null : this.path(standing.best.file) });
    });
    return path;
  }

  /** Begins to write weights and statistics without moments. @param file named by `bestFile` */
  async writeBest(file: string, standing: Standing, state: State): Promise<void> {
    await this.written();
    const weights = new Map([...state].filter(([name]) => !name.startsWith("optimizer.")));
    this.enqueue(() => writeCheckpoint(this.path(file), this.network, { ...this.about, standing, state: weights }));
  }

  /** Waits for what is being written. @throws LockstepError "storage" where that has failed */
  written(): Promise<void> {
    return this.writing;
  }

  private enqueue(task: () => Promise<void>): void {
    this.writing = this.writing.then(task);
    this.writing.catch(() => undefined); // told by the next `written`; until then it is no unhandled rejection
  }

  /** Keeps the newest checkpoints and the standing's best. */
  async prune(standing: Standing, keep: number): Promise<void> {
    const names = await namesIn(this.plan.folder);
    const otherBest = names.filter((name) => BEST_FILE.test(name) && name !== standing.best?.file);
    await this.remove([...stepFiles(names).slice(keep), ...otherBest]);
  }

  private async remove(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => rm(this.path(name), { force: true })));
  }
}

/** @param accuracy of the validation, 0 to 1 */
export function bestFile(epoch: number, accuracy: number): string {
  return `best-epoch-${String(epoch).padStart(2, "0")}-accuracy-${accuracy.toFixed(4)}.safetensors`;
}

/** Training steps behind a checkpoint, by its name. @param path of a file that `latestCheckpoint` finds */
export function stepOf(path: string): number {
  return Number(STEP_FILE.exec(basename(path))?.[1]);
}

/** Newest first. */
function stepFiles(names: readonly string[]): string[] {
  return names.filter((name) => STEP_FILE.test(name)).sort((a, b) => stepOf(b) - stepOf(a));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw unwritable(folder, cause);
  }
}

function unwritable(folder: string, cause: unknown): LockstepError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LockstepError({
    code: "storage",
    message: `checkpoints: cannot use the folder ${folder}: ${reason}`,
    next: "Make the folder writable, or move EXP_HOME.",
    cause,
  });
}
