// The two contenders of bench:recipe: our trainer as a run uses it, and torch_recipe.py on the arrays that it would see.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { batches, epochOrder, evaluationCrops } from "../../core/data/index.ts";
import { readPreparedImage } from "../../core/data/prepared-file.ts";
import type { Engine } from "../../core/engine/engine.ts";
import type { Settings } from "../../core/experiment/settings.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { State } from "../../core/model/network.ts";
import type { TrainData } from "../../core/train/contract.ts";
import type { BatchEvent, EpochEvent, Recorder, RunEvent } from "../../core/train/recorder.ts";
import { train } from "../../core/train/trainer.ts";
import type { EpochPoint } from "./curves.ts";

export interface Contest {
  readonly data: TrainData;
  readonly settings: Settings;
  readonly seed: number;
  readonly positiveClass: string;
  /** Whether both take the same initial weights and batches; else each draws its own. */
  readonly shared: boolean;
  /** After each epoch. */
  readonly onEpoch: (point: EpochPoint) => void;
}

export async function trainOurs(contest: Contest, engine: Engine): Promise<EpochPoint[]> {
  const { data, settings, seed, positiveClass } = contest;
  const network = networkOf(contest);
  const folder = await mkdtemp(join(tmpdir(), "recipe-ours-"));
  const events: RunEvent[] = [];
  const points: EpochPoint[] = [];
  const recorder: Recorder = {
    runId: "recipe",
    record: (event) => {
      events.push(event);
      if (event.kind !== "epoch" || event.phase !== "val") return;
      points.push(pointOf(events, event.epoch));
      contest.onEpoch(points.at(-1) as EpochPoint);
    },
    flush: async () => ({ stored: true }),
    close: async () => undefined,
  };
  try {
    const checkpoints = { folder, home: folder };
    const signal = new AbortController().signal;
    const state = initialState(network, seed);
    await train({ settings, seed, network, state, engine, data, positiveClass, recorder, checkpoints, signal });
    return points;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function networkOf({ data, settings }: Contest) {
  return mobilenetV3({ ...settings, classes: data.manifest.classes.length });
}

function pointOf(events: readonly RunEvent[], epoch: number): EpochPoint {
  const at = (event: EpochEvent | BatchEvent, phase: string) => event.phase === phase && event.epoch === epoch;
  const ofEpoch = (phase: string) => events.find((event) => event.kind === "epoch" && at(event, phase)) as EpochEvent;
  const steps = events.filter((event): event is BatchEvent => event.kind === "batch" && at(event, "train"));
  const { loss: valLoss, accuracy: valAccuracy } = ofEpoch("val").metrics;
  return { trainLoss: ofEpoch("train").metrics.loss, valLoss, valAccuracy, losses: steps.map(({ loss }) => loss) };
}

export async function trainPytorch(contest: Contest, python: string, threads: number): Promise<EpochPoint[]> {
  const folder = await mkdtemp(join(tmpdir(), "recipe-pytorch-"));
  try {
    await writeRecipe(folder, contest, threads);
    return await runPython(python, folder, contest.onEpoch);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Everything that PyTorch needs to do the same. */
async function writeRecipe(folder: string, contest: Contest, threads: number): Promise<void> {
  const { data, settings, seed, shared } = contest;
  const { manifest, prepared, split } = data;
  const network = networkOf(contest);
  const epochs = Array.from({ length: settings.epochs }, (_, i) => i + 1);
  await writeFile(join(folder, "whole.raw"), await wholeImages(contest));
  const pixels = await Promise.all(prepared.images.map((_, i) => readPreparedImage(prepared, i)));
  await writeFile(join(folder, "prepared.raw"), Buffer.concat(pixels));
  if (shared) await writeFile(join(folder, "state.raw"), concatenated(initialState(network, seed)));
  const start = prepared.images[0]?.offset ?? 0;
  const recipe = {
    ...{ seed, threads },
    ...{ imageSizePx: settings.imageSizePx, batchSize: settings.batchSize, epochs: settings.epochs, lr: settings.lr },
    ...{
      optimizer: settings.optimizer,
      dropout: settings.dropout,
      ...settings.batchNorm,
      classes: manifest.classes.length,
    },
    labels: manifest.samples.map(({ label }) => label),
    prepared: prepared.images.map(({ offset, heightPx, widthPx }) => [offset - start, heightPx, widthPx]),
    state: shared ? network.parameters.map(({ name, shape }) => [name, shape]) : null,
    order: shared ? epochs.map((epoch) => epochOrder(split.train, seed, epoch)) : null,
    train: split.train,
    val: split.val,
    augment: augmentOf(settings),
  };
  await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
}

function augmentOf({ augment }: Settings) {
  const crop = augment.find((one) => one.kind === "randomResizedCrop");
  const flip = augment.find((one) => one.kind === "horizontalFlip");
  if (crop === undefined || flip === undefined) return null;
  return { scale: crop.scale, ratio: crop.ratio, flip: flip.probability };
}

/** Every image as validation sees it: uint8 [N, sizePx, sizePx, 3] */
async function wholeImages({ data, settings }: Contest): Promise<Uint8Array> {
  const { manifest, prepared, resampler } = data;
  const order = manifest.samples.map((_, index) => index);
  const { imageSizePx: sizePx, batchSize } = settings;
  const parts: Uint8Array[] = [];
  const crops = evaluationCrops({ prepared });
  for await (const { images } of batches({ manifest, prepared, resampler, order, batchSize, crops, sizePx }))
    parts.push(Uint8Array.from(images));
  return Buffer.concat(parts);
}

/** In the order of the network's parameters. */
function concatenated(state: State): Uint8Array {
  return Buffer.concat(
    [...state.values()].map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  );
}

async function runPython(python: string, folder: string, onEpoch: Contest["onEpoch"]): Promise<EpochPoint[]> {
  const script = fileURLToPath(new URL("torch_recipe.py", import.meta.url));
  const child = spawn(python, [script, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const points: EpochPoint[] = [];
  for await (const line of createInterface(child.stdout)) {
    points.push(JSON.parse(line) as EpochPoint);
    onEpoch(points.at(-1) as EpochPoint);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return points;
}
