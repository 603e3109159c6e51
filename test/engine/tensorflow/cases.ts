// Small networks and programs for the tests of this engine, and how near two arrays are.
import type { Batch, CompileOptions, Engine, Optimizer, Program } from "../../../core/engine/engine.ts";
import { trainableParameters, type Freeze } from "../../../core/model/freeze.ts";
import { mobilenetV3 } from "../../../core/model/mobilenet-v3.ts";
import type { Network } from "../../../core/model/network.ts";
import { formulaDropoutMask, formulaImages, formulaState, formulaTargets } from "../../model/formula-state.ts";

export const ADAM: Optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/** MobileNetV3-Small at half width, 48 px, 3 classes. */
export function smallNetwork(change: Partial<Parameters<typeof mobilenetV3>[0]> = {}): Network {
  const size = { size: "small", layout: "torchvision", widthMult: 0.5, imageSizePx: 48 } as const;
  return mobilenetV3({ ...size, classes: 3, dropout: 0.2, batchNorm: { eps: 1e-3, momentum: 0.1 }, ...change });
}

export function batchOf(network: Network, count: number): Batch {
  const features = network.ops.find((op) => op.kind === "dropout")?.output.channels ?? 0;
  return {
    images: formulaImages(count, network.imageSizePx),
    targets: formulaTargets(count, network.classes, 0.1),
    dropoutMask: formulaDropoutMask(count, features, 0.2),
  };
}

/** A program with the formula's state. */
export async function compile(
  engine: Engine,
  network: Network,
  { freeze = "none", ...change }: Partial<CompileOptions> & { freeze?: Freeze } = {},
): Promise<Program> {
  const base = { batchSize: 8, frozenBatchNorm: "inference", optimizer: ADAM, purpose: "training" } as const;
  const program = await engine.compile(network, {
    ...base,
    trainable: trainableParameters(network, freeze),
    ...change,
  });
  await program.load(formulaState(network));
  return program;
}

export function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
}

/** Norm of the difference over norm of the expected values. */
export function distance(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  return norm(Array.from(expected, (value, i) => value - (values[i] as number))) / norm(expected);
}

/** Names of values that differ in any bit. */
export function changedNames(
  before: ReadonlyMap<string, Float32Array>,
  after: ReadonlyMap<string, Float32Array>,
): string[] {
  const bytes = (values: Float32Array | undefined) => Buffer.from((values ?? new Float32Array()).buffer);
  return [...before].filter(([name, values]) => !bytes(values).equals(bytes(after.get(name)))).map(([name]) => name);
}
