// `exp engine check`: MobileNetV3-Large, random weights, three steps on random images, on one engine and on the portable one beside it.
// The portable engine is checked against its own wasm kernels on one thread, from which it may not differ in a single bit.
import { mobilenetV3 } from "../model/mobilenet-v3.ts";
import { initialState } from "../model/initialize.ts";
import { isStatistic } from "../model/network.ts";
import { stream } from "../random.ts";
import type { Batch, Engine, EngineIdentity, Program } from "../engine/engine.ts";
import { createPortableEngine } from "../engine/portable/index.ts";
import { createTensorflowEngine } from "../engine/tensorflow/index.ts";

const BATCH_SIZE = 32;
const IMAGE_SIZE_PX = 96;
/** Images in a batch whose gradients are compared: few, so that few values stand on a corner of ReLU. */
const GRADIENT_BATCH_SIZE = 4;
/**
 * A value on a corner falls to one side here and to the other there, and gradients before it differ by up to a few percent: one batch
 * must be free of that, and agree closely; a fault in the arithmetic is in all of them.
 */
const GRADIENT_BATCHES = 3;
const CLASSES = 2;
const STEPS = 3;
const LR = 1e-3;

export interface CheckedStep {
  readonly step: number;
  readonly loss: number;
  readonly referenceLoss: number;
  /** |loss - referenceLoss| / |referenceLoss| */
  readonly difference: number;
  readonly imagesPerSecond: number;
  readonly referenceImagesPerSecond: number;
}

export interface EngineCheck {
  readonly engine: EngineIdentity;
  readonly reference: EngineIdentity;
  readonly steps: readonly CheckedStep[];
  /** By batch, nearest first: the parameter that differs most. */
  readonly worstGradients: readonly GradientDifference[];
  readonly tolerance: Tolerance;
  readonly agrees: boolean;
}

export interface Tolerance {
  readonly loss: number;
  /** Of the batch whose gradients differ least. */
  readonly gradient: number;
  /** Of every batch. */
  readonly anyGradient: number;
}

/** Float32 engines that sum in other orders part slowly; over three steps they stay this close. */
const OTHER_ORDER = { loss: 5e-3, gradient: 1e-3, anyGradient: 0.1 };
const SAME_BITS = { loss: 0, gradient: 0, anyGradient: 0 };

export async function checkEngine(
  name: EngineIdentity["name"],
  { threads }: { threads: number },
): Promise<EngineCheck> {
  const isPortable = name === "portable";
  const engine = isPortable ? await createPortableEngine({ threads }) : await createTensorflowEngine({ threads });
  const reference = await createPortableEngine(isPortable ? { threads: 1, kernels: "wasm" } : { threads });
  try {
    return await compareEngines(engine, reference, isPortable ? SAME_BITS : OTHER_ORDER);
  } finally {
    await engine.close();
    await reference.close();
  }
}

export async function compareEngines(
  engine: Engine,
  reference: Engine,
  tolerance: Tolerance = OTHER_ORDER,
): Promise<EngineCheck> {
  const mine = await measure(engine);
  const theirs = await measure(reference);
  const steps = mine.steps.map(({ loss, imagesPerSecond }, index): CheckedStep => {
    const other = theirs.steps[index] as MeasuredStep;
    const difference = Math.abs(loss - other.loss) / Math.abs(other.loss);
    const speeds = { imagesPerSecond, referenceImagesPerSecond: other.imagesPerSecond };
    return { step: index + 1, loss, referenceLoss: other.loss, difference, ...speeds };
  });
  const worstGradients = mine.gradients
    .map((gradients, i) => largestDifference(gradients, theirs.gradients[i] as Gradients))
    .sort((a, b) => a.difference - b.difference);
  const near = steps.every(({ difference }) => difference <= tolerance.loss); // false for NaN
  const oneIsClose = (worstGradients[0]?.difference ?? NaN) <= tolerance.gradient;
  const allAreNear = worstGradients.every(({ difference }) => difference <= tolerance.anyGradient);
  const agrees = near && oneIsClose && allAreNear;
  return { engine: engine.identity, reference: reference.identity, steps, worstGradients, tolerance, agrees };
}

function checkedNetwork() {
  const batchNorm = { eps: 1e-3, momentum: 0.1 };
  const size = { size: "large", layout: "torchvision", widthMult: 1, imageSizePx: IMAGE_SIZE_PX } as const;
  return mobilenetV3({ ...size, classes: CLASSES, dropout: 0, batchNorm });
}

function randomBatch(seed: number, size: number): Batch {
  const random = stream(seed, "engine-check");
  const images = Uint8Array.from({ length: size * IMAGE_SIZE_PX * IMAGE_SIZE_PX * 3 }, () => random.integer(256));
  const targets = new Float32Array(size * CLASSES);
  for (let i = 0; i < size; i++) targets[i * CLASSES + (i % CLASSES)] = 1;
  return { images, targets };
}

interface MeasuredStep {
  readonly loss: number;
  readonly imagesPerSecond: number;
}

type Gradients = ReadonlyMap<string, Float32Array>;

interface Measured {
  /** By batch. */
  readonly gradients: readonly Gradients[];
  readonly steps: readonly MeasuredStep[];
}

async function measure(engine: Engine): Promise<Measured> {
  const network = checkedNetwork();
  const trainable = new Set(network.parameters.filter((parameter) => !isStatistic(parameter)).map(({ name }) => name));
  const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 } as const;
  const settings = { batchSize: BATCH_SIZE, trainable, frozenBatchNorm: "inference", optimizer } as const;
  const program = await engine.compile(network, { ...settings, purpose: "training" });
  await program.load(initialState(network, 0));
  const gradients: Gradients[] = [];
  for (let seed = 1; seed <= GRADIENT_BATCHES; seed++) {
    gradients.push((await program.gradients(randomBatch(seed, GRADIENT_BATCH_SIZE))).gradients);
  }
  const batch = randomBatch(0, BATCH_SIZE);
  const steps: MeasuredStep[] = [];
  for (let step = 1; step <= STEPS; step++) steps.push(await timedStep(program, batch, step));
  program.dispose();
  return { gradients, steps };
}

async function timedStep(program: Program, batch: Batch, step: number): Promise<MeasuredStep> {
  const startMs = performance.now();
  const { loss } = await program.trainStep(batch, { lr: LR, step });
  return { loss, imagesPerSecond: BATCH_SIZE / ((performance.now() - startMs) / 1000) };
}

/** Gradients below this share of the largest are rounding noise: a bias before a batch-norm has the gradient 0. */
const NOISE_SHARE = 1e-4;

export interface GradientDifference {
  readonly name: string;
  /** Norm of the difference over norm of the reference. */
  readonly difference: number;
}

/** The parameter whose gradients differ most. */
export function largestDifference(gradients: Gradients, reference: Gradients): GradientDifference {
  const floor = NOISE_SHARE * Math.max(...[...reference.values()].map((values) => norm(values)));
  let worst = { name: "none", difference: 0 };
  for (const [name, expected] of reference) {
    const received = gradients.get(name);
    const apart = received === undefined ? NaN : norm(expected.map((value, i) => value - (received[i] as number)));
    const difference = apart / Math.max(norm(expected), floor);
    if (!(difference <= worst.difference)) worst = { name, difference };
  }
  return worst;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
