// A finished run's best checkpoint as files that other programs load.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LockstepError } from "../errors.ts";
import { writeSavedModel } from "../engine/tensorflow/index.ts";
import { exportModel, type ExportFormat } from "../model/export/export-model.ts";
import type { Network, State } from "../model/network.ts";
import type { RunRow, Store } from "../store/index.ts";
import { readCheckpoint } from "../train/checkpoint.ts";
import { networkOf } from "./check-plan.ts";
import { readRecorded } from "./recorded.ts";
import { bestCheckpoint } from "./shared-run.ts";

export const runFormats = ["safetensors", "onnx", "tfjs", "saved-model"] as const;
export type RunFormat = (typeof runFormats)[number];

export interface ExportRequest {
  readonly store: Store;
  /** EXP_HOME, where the checkpoint is. */
  readonly home: string;
  readonly run: RunRow;
  readonly to: RunFormat;
  /** Made where it does not exist. */
  readonly folder: string;
}

/** @returns paths of the written files @throws LockstepError "run-state" where the run has no checkpoint here */
export async function exportRun({ store, home, run, to, folder }: ExportRequest): Promise<string[]> {
  const { config, manifest } = await readRecorded(store, run);
  const path = await bestCheckpoint(store, run.runId, home);
  if (path === null) {
    throw new LockstepError({
      code: "run-state",
      message: `run ${run.runId} (${run.status ?? "unknown"}) has no best checkpoint in ${home}.`,
      next: "Export a run that is done, on the machine that trained it.",
    });
  }
  const network = networkOf({ ...run, settings: config.settings }, manifest.classes.length);
  const { state } = await readCheckpoint(path);
  return to === "saved-model"
    ? [await writeSavedModel(network, state, folder)]
    : writeFiles(network, state, { to, classes: manifest.classes, folder });
}

interface Target {
  readonly to: ExportFormat;
  readonly classes: readonly string[];
  readonly folder: string;
}

async function writeFiles(network: Network, state: State, { to, classes, folder }: Target): Promise<string[]> {
  const written: string[] = [];
  for (const [name, bytes] of exportModel(network, state, { to, classes })) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    written.push(path);
  }
  return written;
}
