// Real trainings for tests: simulated images, a small MobileNetV3, the portable engine; events are kept in a list.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listSource, phantom, prepareImages, splitSamples } from "../../core/data/index.ts";
import { createPortableEngine, createPortableResampler } from "../../core/engine/portable/index.ts";
import type { KernelChoice } from "../../core/engine/portable/load.ts";
import type { SettingsInput } from "../../core/experiment/settings.ts";
import { resolveSettings } from "../../core/experiment/resolve.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { TrainData, TrainInput } from "../../core/train/contract.ts";
import type { BatchEvent, Recorder, RunEvent } from "../../core/train/recorder.ts";
import { train, type TrainResult } from "../../core/train/trainer.ts";

/** Two epochs of three batches, the last one smaller, in a second or so. */
export const SMALL: SettingsInput = {
  size: "small",
  widthMult: 0.25,
  imageSizePx: 32,
  batchSize: 12,
  epochs: 2,
  lr: 2e-3,
};

export interface Listener extends Recorder {
  readonly events: RunEvent[];
}

export function listener(record: (event: RunEvent) => void = () => {}): Listener {
  const events: RunEvent[] = [];
  return {
    runId: "test",
    events,
    record: (event) => {
      events.push(event);
      record(event);
    },
    flush: async () => ({ stored: true }),
    close: async () => {},
  };
}

/** Images, split and resampler that many trainings share. */
export async function openData({ samples = 44, seed = 0 } = {}): Promise<TrainData & { close: () => Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), "lockstep-train-"));
  process.env["EXP_HOME"] = home;
  const resampler = await createPortableResampler({ threads: 1 });
  const listing = await listSource(phantom({ samples, sizePx: 36, seed, difficulty: 0.2 }));
  const prepared = await prepareImages(listing, { storeSizePx: 36, resizer: resampler });
  const { manifest } = listing;
  const split = splitSamples(manifest, { train: 0.7, val: 0.15, test: 0.15, seed: 0 });
  const close = async () => {
    await resampler.close();
    await rm(home, { recursive: true, force: true });
  };
  return { manifest, split, prepared, resampler, close };
}

export type Overrides = Partial<Omit<TrainInput, "settings" | "data">> & {
  readonly settings?: SettingsInput;
  readonly threads?: number;
  /** Default: wasm. */
  readonly kernels?: KernelChoice;
  /** Of checkpoints; default: one of its own. */
  readonly folder?: string;
  readonly everySteps?: number;
  /** Hears each event too: what was recorded of a training that throws. */
  readonly record?: (event: RunEvent) => void;
};

export type Trained = TrainResult & { readonly events: readonly RunEvent[] };

/** Trains once on an engine of its own. */
export async function trainOnce(data: TrainData, overrides: Overrides = {}): Promise<Trained> {
  const { folder } = overrides;
  return folder === undefined ? withFolder((own) => trainIn(own, data, overrides)) : trainIn(folder, data, overrides);
}

async function trainIn(folder: string, data: TrainData, overrides: Overrides): Promise<Trained> {
  const { settings: input = SMALL, seed = 0, threads = 1, kernels = "wasm", everySteps, record, ...rest } = overrides;
  const settings = resolveSettings(input);
  const network = mobilenetV3({ ...settings, classes: data.manifest.classes.length });
  const engine = await createPortableEngine({ threads, kernels });
  const recorder = listener(record);
  try {
    const result = await train({
      ...{ settings, seed, network, engine, data, recorder, positiveClass: "malignant" },
      state: initialState(network, seed),
      checkpoints: { folder, home: folder, everySteps },
      signal: new AbortController().signal,
      ...rest,
    });
    return { ...result, events: recorder.events };
  } finally {
    await engine.close();
  }
}

/** A folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-run-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function batchesOf(events: readonly RunEvent[]): BatchEvent[] {
  return events.filter((event) => event.kind === "batch");
}

/** Events without what a clock decides. */
export function timeless(events: readonly RunEvent[]): unknown[] {
  return events.map((event) => ({ ...event, durationMs: 0, imagesPerSecond: 0 }));
}
