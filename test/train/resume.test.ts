import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Engine } from "../../core/engine/engine.ts";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import { Interrupted } from "../../core/errors.ts";
import { mixup, randomResizedCrop } from "../../core/data/index.ts";
import type { SettingsInput } from "../../core/experiment/settings.ts";
import { latestCheckpoint } from "../../core/train/checkpoint-folder.ts";
import type { KnownLinks, TrainData, TrainProgress } from "../../core/train/contract.ts";
import type { RunEvent } from "../../core/train/recorder.ts";
import {
  batchesOf,
  openData,
  SMALL,
  timeless,
  trainOnce,
  withFolder,
  type Overrides,
  type Trained,
} from "./phantom-training.ts";

/**
 * All that a standing must hold: stages, moments, moving averages, a schedule that follows the validations, dropout, augmentation. By
 * these thresholds no loss is ever better, so that the rate is halved after each epoch and the training ends after the third.
 */
const SETTINGS: SettingsInput = {
  ...SMALL,
  epochs: 5,
  schedule: { kind: "plateau", factor: 0.5, patience: 0, threshold: 1 },
  earlyStopping: { patience: 1, minDelta: 1000 },
  emaDecay: 0.9,
  classWeights: { malignant: 2 },
  freeze: [
    { epochs: 1, part: "backbone" },
    { part: "none", lr: 5e-4 },
  ],
  labelSmoothing: 0.1,
  clipNorm: 1,
  augment: [randomResizedCrop({ scale: [0.5, 1] }), mixup({ alpha: 0.4 })],
};
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
let data: TrainData & { close: () => Promise<void> };
let reference: Trained;

beforeAll(async () => {
  data = await openData();
  reference = await trainOnce(data, { settings: SETTINGS });
});
afterAll(() => data.close());

test("rates halve after each validation of a stage, and the training ends before its last epoch", () => {
  const epochs = reference.events.flatMap((e) => (e.kind === "epoch" && e.phase === "train" ? [e] : []));
  expect(epochs.map(({ lr }) => lr)).toEqual([2e-3, 5e-4, 2.5e-4]);
});

/** Batch 2 of each training epoch, each validation, the test. */
const MOMENTS: { readonly phase: TrainProgress["phase"]; readonly epoch: number; readonly batch: number }[] = [
  { phase: "train", epoch: 1, batch: 2 },
  { phase: "train", epoch: 1, batch: 3 },
  { phase: "val", epoch: 1, batch: 1 },
  { phase: "train", epoch: 2, batch: 1 },
  { phase: "train", epoch: 3, batch: 2 },
  { phase: "val", epoch: 3, batch: 1 },
  { phase: "test", epoch: 1, batch: 1 },
];

test.each(MOMENTS)(
  "interrupted in $phase epoch $epoch after batch $batch and resumed: the same rows and digest",
  async (moment) => {
    await withFolder(async (folder) => {
      const first = await interruptAt(moment, { folder });
      const resumed = await resume(folder, first);
      expect(resumed.digest).toBe(reference.digest);
      expect(rows([...first, ...resumed.events])).toEqual(rows(reference.events));
    });
  },
);

test("interrupted after every batch and resumed each time: the same rows and digest", async () => {
  await withFolder(async (folder) => {
    let events: RunEvent[] = [];
    for (const { phase, epoch, batch } of batchesOf(reference.events)) {
      const resumeFrom = await latestCheckpoint(folder);
      events = [...events, ...(await interruptAt({ phase, epoch, batch }, { folder, resumeFrom }))];
    }
    const resumed = await resume(folder, events);
    expect(resumed.digest).toBe(reference.digest);
    expect(rows([...events, ...resumed.events])).toEqual(rows(reference.events));
  });
});

test("further checkpoints every few steps change no bit", async () => {
  expect((await trainOnce(data, { settings: SETTINGS, everySteps: 2 })).digest).toBe(reference.digest);
});

test("an interruption in the middle of an epoch ends the training there, with a checkpoint where there is time", async () => {
  await withFolder(async (folder) => {
    const moment = MOMENTS[0] as (typeof MOMENTS)[number];
    const events = await interruptAt(moment, { folder });
    expect(batchesOf(events).at(-1)).toMatchObject(moment);
    expect([join(folder, "step-000002.safetensors"), null]).toContain(await latestCheckpoint(folder));
  });
});

test("an interruption does not wait for a step that takes too long", async () => {
  const engine = await createPortableEngine({ threads: 1, kernels: "wasm" });
  const controller = new AbortController();
  const endless = (): Promise<never> => {
    controller.abort();
    return new Promise(() => {});
  };
  const stuck: Engine = {
    identity: engine.identity,
    compile: async (network, options) => Object.assign(await engine.compile(network, options), { trainStep: endless }),
    close: () => engine.close(),
  };
  const training = trainOnce(data, { engine: stuck, signal: controller.signal });
  await expect(training).rejects.toBeInstanceOf(Interrupted);
  await engine.close();
});

test("a repeated batch that differs from its stored row ends the training with a verdict that names it", async () => {
  const stored = batchesOf(reference.events);
  const edited: KnownLinks = (phase, epoch, batch) => {
    const found = stored.find((row) => row.phase === phase && row.epoch === epoch && row.batch === batch) ?? null;
    if (found === null || phase !== "train" || epoch !== 2 || batch !== 3) return found;
    return { ...found, chain: found.chain.replace(/^./, "x"), loss: 9 };
  };
  const training = trainOnce(data, { settings: SETTINGS, knownLinks: edited });
  await expect(training).rejects.toMatchObject({
    code: "verdict",
    message: expect.stringMatching(/train epoch 2, batch 3 .*stored were 9 /) as string,
  });
});

test("a checkpoint of another seed is refused", async () => {
  await withFolder(async (folder) => {
    await interruptAt(MOMENTS[0] as (typeof MOMENTS)[number], { folder });
    const other = trainOnce(data, { settings: SETTINGS, folder, seed: 5, resumeFrom: await latestCheckpoint(folder) });
    await expect(other).rejects.toThrow(/another seed: it has 0, this run has 5/);
  });
});

test("a folder for checkpoints that cannot be made is a storage error", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "file"), "");
    const training = trainOnce(data, { settings: SETTINGS, folder: join(folder, "file", "checkpoints") });
    await expect(training).rejects.toMatchObject({ code: "storage" });
  });
});

test("a checkpoint that cannot be written ends the training and leaves the last good one to resume from", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "step-000006.safetensors", "in-the-way"), { recursive: true });
    await expect(trainOnce(data, { settings: SETTINGS, folder })).rejects.toMatchObject({ code: "storage" });
    await rm(join(folder, "step-000006.safetensors"), { recursive: true });
    expect(await latestCheckpoint(folder)).toBe(join(folder, "step-000003.safetensors"));
    expect((await resume(folder, [])).digest).toBe(reference.digest);
  });
});

/** @returns the events up to the interruption */
async function interruptAt(
  { phase, epoch, batch }: (typeof MOMENTS)[number],
  overrides: Overrides & { readonly folder: string },
): Promise<RunEvent[]> {
  const controller = new AbortController();
  const events: RunEvent[] = [];
  const onProgress = (now: TrainProgress) => {
    if (now.phase === phase && now.epoch === epoch && now.batch === batch) controller.abort();
  };
  const training = trainOnce(data, {
    settings: SETTINGS,
    ...overrides,
    signal: controller.signal,
    onProgress,
    record: (event) => void events.push(event),
  });
  await expect(training).rejects.toBeInstanceOf(Interrupted);
  return events;
}

/** Goes on from the latest checkpoint, checked against the rows that are there. */
async function resume(folder: string, events: readonly RunEvent[]) {
  const stored = batchesOf(events);
  const knownLinks: KnownLinks = (phase, epoch, batch) =>
    stored.find((row) => row.phase === phase && row.epoch === epoch && row.batch === batch) ?? null;
  return trainOnce(data, { settings: SETTINGS, folder, resumeFrom: await latestCheckpoint(folder), knownLinks });
}

/** What a store that keeps one row for each key holds in the end, in order of keys; checkpoints are files of a folder of their own. */
function rows(events: readonly RunEvent[]): Map<string, unknown> {
  const kept = events.filter((event) => event.kind !== "artifact" || event.artifactKind !== "checkpoint");
  const keyed = kept.map((event): [string, unknown] => [keyOf(event), timeless([event])[0]]);
  return new Map([...new Map(keyed)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function keyOf(event: RunEvent): string {
  const { kind, phase = "", epoch = "", batch = "", name = "" } = event as unknown as Record<string, string | number>;
  return [kind, phase, epoch, batch, name].join(" ");
}
