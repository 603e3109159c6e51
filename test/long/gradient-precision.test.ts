// Gradients on real images with trained weights: the norm of our error is at most twice that of PyTorch's own float32 (medians
// over batches), float64 being exact. LOCKSTEP_LONG=1, with a Python that has PyTorch (BENCH_PYTHON, else what bench:engine has made) and ../shared/data/busi-256.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Batch, Engine, Program } from "../../core/engine/engine.ts";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import { expCache } from "../../core/home.ts";
import { trainableParameters } from "../../core/model/freeze.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { Network } from "../../core/model/network.ts";

const IMAGES = fileURLToPath(new URL("../../../shared/data/busi-256/", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../golden/gradient-precision.py", import.meta.url));
const PYTHON = process.env["BENCH_PYTHON"] ?? join(expCache(), "bench-pytorch", "bin", "python");
const CLASSES = ["benign", "malignant"];
const BATCH = 16;
const TRAINING_STEPS = 60;
const BATCHES = 7;
const POSSIBLE = process.env["LOCKSTEP_LONG"] === "1" && existsSync(IMAGES) && existsSync(PYTHON);

const folder = mkdtempSync(join(tmpdir(), "lockstep-gradients-"));
let engine: Engine;
let trained: ReadonlyMap<string, Float32Array>;
beforeAll(async () => {
  if (!POSSIBLE) return;
  engine = await createPortableEngine();
  trained = await trainedWeights();
}, 300_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine?.close();
});

function large(imageSizePx: number): Network {
  const settings = {
    size: "large",
    layout: "torchvision",
    widthMult: 1,
    classes: CLASSES.length,
    dropout: 0.2,
  } as const;
  return mobilenetV3({ ...settings, imageSizePx, batchNorm: { eps: 1e-3, momentum: 0.01 } });
}

async function compile(network: Network): Promise<Program> {
  return engine.compile(network, {
    batchSize: BATCH,
    trainable: trainableParameters(network, "none"),
    frozenBatchNorm: "inference",
    optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 },
    purpose: "training",
  });
}

/** Images i * BATCH on, benign and malignant in turn. */
async function realBatch(i: number, sizePx: number): Promise<Batch> {
  const images = new Uint8Array(BATCH * sizePx * sizePx * 3);
  const targets = new Float32Array(BATCH * CLASSES.length);
  for (let b = 0; b < BATCH; b++) {
    const label = b % CLASSES.length;
    const place = join(IMAGES, CLASSES[label] as string);
    const files = readdirSync(place).sort();
    const file = join(place, files[((i * BATCH + b) >> 1) % files.length] as string);
    const pixels = await sharp(file)
      .resize(sizePx, sizePx, { fit: "fill" })
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer();
    images.set(pixels, b * sizePx * sizePx * 3);
    targets[b * CLASSES.length + label] = 1;
  }
  return { images, targets };
}

async function trainedWeights(): Promise<ReadonlyMap<string, Float32Array>> {
  const network = large(96);
  const program = await compile(network);
  await program.load(initialState(network, 0));
  for (let step = 1; step <= TRAINING_STEPS; step++)
    await program.trainStep(await realBatch(step, 96), { lr: 1e-3, step });
  const state = await program.save();
  program.dispose();
  return state;
}

interface Errors {
  readonly ours: number;
  readonly torch: number;
}

async function errorsAt(sizePx: number, index: number): Promise<Errors> {
  const network = large(sizePx);
  const batch = await realBatch(index, sizePx);
  const names = network.parameters.map(({ name }) => name);
  const write = (name: string, values: Uint8Array | Float32Array): void =>
    writeFileSync(join(folder, name), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  write("images.u8", batch.images);
  write("targets.f32", batch.targets);
  write("weights.f32", Float32Array.from(names.flatMap((name) => [...(trained.get(name) as Float32Array)])));
  writeFileSync(join(folder, "job.json"), JSON.stringify({ sizePx, batch: BATCH, classes: CLASSES.length, names }));
  const { error } = JSON.parse(execFileSync(PYTHON, [SCRIPT, folder], { encoding: "utf8" })) as { error: number };
  const exact = new Float64Array(new Uint8Array(readFileSync(join(folder, "gradients.f64"))).buffer);
  const program = await compile(network);
  await program.load(trained);
  const { gradients } = await program.gradients(batch);
  program.dispose();
  const ours = names.flatMap((name) => [...(gradients.get(name) ?? [])]);
  expect(ours.length).toBe(exact.length);
  return {
    ours: Math.sqrt(exact.reduce((sum, value, i) => sum + (value - (ours[i] as number)) ** 2, 0)),
    torch: error,
  };
}

// Where a rounding moves a value over a kink of hard-swish or relu, one batch's error is many times another's; hence several.
describe.skipIf(!POSSIBLE)("BUSI images, weights trained on them, batches of 16", () => {
  it.each([96, 160, 224])(
    "%i px",
    async (sizePx) => {
      const errors: Errors[] = [];
      for (let index = 0; index < BATCHES; index++) errors.push(await errorsAt(sizePx, index));
      const [ours, torch] = [errors.map((one) => one.ours), errors.map((one) => one.torch)];
      const ratios = errors.map((one) => (one.ours / one.torch).toFixed(2)).join(" ");
      console.log(`${sizePx} px: our errors ${show(ours)}, PyTorch's ${show(torch)}, ratios ${ratios}`);
      expect(median(ours)).toBeLessThanOrEqual(2 * median(torch));
    },
    600_000,
  );
});

function show(errors: readonly number[]): string {
  return `${errors.map((error) => error.toExponential(1)).join(" ")} (median ${median(errors).toExponential(1)}, all together ${together(errors).toExponential(1)})`;
}

/** The norm of all batches' errors as one vector. */
function together(errors: readonly number[]): number {
  return Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
