// What lowering one plan knows: the program's memory, how many images, and for each unit the buffers made so far.
import type { CompileOptions } from "../../engine.ts";
import type { Activation, ValueShape } from "../../../model/network.ts";
import type { Buffer, Plan } from "../plan.ts";
import { FLOAT_BYTES, mapBytes, padded, VECTOR_BYTES } from "../shapes.ts";
import type { Stages, Unit } from "../stages.ts";
import type { ProgramMemory, Weight } from "./weights.ts";

/**
 * "gradients" is a training step without update, whose statistics stay as they are; "features" an evaluation up to the head, "maps"
 * up to the last unit's map, which the head's features are the mean of.
 * Those that end in "Head" begin with features instead of images. "fold" makes the folded weights that most of them read.
 */
export type PlanKind =
  | "train"
  | "trainClipped"
  | "gradients"
  | "evaluate"
  | "features"
  | "maps"
  | "trainHead"
  | "trainClippedHead"
  | "evaluateHead"
  | "fold";

export function isTraining(kind: PlanKind): boolean {
  return kind.startsWith("train") || kind === "gradients";
}

export interface Lowering {
  readonly plan: Plan;
  readonly kind: PlanKind;
  readonly memory: ProgramMemory;
  readonly stages: Stages;
  readonly options: CompileOptions;
  /** Images in this plan's batch. */
  readonly images: number;
  readonly units: Map<Unit, UnitState>;
  /** Gradients by parameter name, as they come to be. */
  readonly gradients: Map<string, Gradient>;
  /** Transposed weights, by parameter name. */
  readonly transposed: Map<string, Buffer>;
  /** The normalised image, float32 [B, H, W, 3]. */
  image: Buffer | null;
}

export interface Gradient {
  readonly buffer: Buffer;
  /** How many parts must be added up. */
  readonly parts: number;
}

/** Sums of a map by channel, in parts. */
export interface Sums {
  readonly buffer: Buffer;
  readonly parts: number;
}

/** What is known of a unit's buffers. */
export interface UnitState {
  readonly map: MapSize;
  readonly normMode: "batch" | "inference";
  /** Raw output of the convolution. */
  readonly z: Buffer;
  /** Coefficients of the batch-norm. */
  readonly coef: Buffer;
  /** The gate's buffers, with a squeeze-excite. */
  gate: { readonly pooled: Buffer; readonly hidden: Buffer; readonly gate: Buffer } | null;
  /** The unit's value as memory, where someone needed it so. */
  plain: Buffer | null;
  /** Loss by the batch-norm's output, in the backward pass, with its sums where the batch-norm needs them. */
  dy: Buffer | null;
  sums: Sums | null;
  /** Loss by the unit's value that came through a shortcut. */
  viaShortcut: Buffer | null;
}

export interface MapSize {
  readonly heightPx: number;
  readonly widthPx: number;
  readonly channels: number; // padded
  /** Positions of one image, and of all. */
  readonly imageRows: number;
  readonly rows: number;
}

export function mapSize(shape: ValueShape, images: number): MapSize {
  if (shape.kind !== "map") throw new Error("a map was expected");
  const { heightPx, widthPx, channels } = shape;
  const imageRows = heightPx * widthPx;
  return { heightPx, widthPx, channels: padded(channels), imageRows, rows: images * imageRows };
}

export function activationCode(activation: Activation | null): number {
  return activation === null ? 0 : { relu: 1, hardSwish: 2, hardSigmoid: 3 }[activation]; // kernels/activation.h
}

export function weightOf(lowering: Lowering, name: string): Weight {
  const weight = lowering.memory.weights.get(name);
  if (weight === undefined) throw new Error(`network: no parameter ${name}`);
  return weight;
}

export function stateOf(lowering: Lowering, unit: Unit): UnitState {
  const state = lowering.units.get(unit);
  if (state === undefined) throw new Error(`unit ${unit.conv.name} was read before it was made`);
  return state;
}

export function mapBuffer(lowering: Lowering, map: MapSize): Buffer {
  return lowering.plan.buffer(mapBytes(map.channels, map.rows));
}

/** A vector of the network: `channels` numbers for each image. */
export function vectorBuffer(lowering: Lowering, channels: number): Buffer {
  return lowering.plan.buffer(mapBytes(channels, lowering.images));
}

export function floatBuffer(lowering: Lowering, count: number): Buffer {
  return lowering.plan.buffer(count * FLOAT_BYTES);
}

/** A new buffer for a parameter's gradient in `parts`, or null where it is not trained. */
export function gradientBuffer(lowering: Lowering, name: string, parts: number): Buffer | null {
  const weight = weightOf(lowering, name);
  if (!weight.trainable) return null;
  const buffer = lowering.plan.buffer(parts * weight.packing.vectors * VECTOR_BYTES);
  lowering.gradients.set(name, { buffer, parts });
  return buffer;
}

/** The weight as [K / 8][N] vectors, for input gradients; transposed once a plan, a frozen one once it is loaded. */
export function transposedWeight(lowering: Lowering, name: string): Buffer {
  const weight = weightOf(lowering, name);
  const found = weight.transposed ?? lowering.transposed.get(name);
  if (found !== undefined) return found;
  const output = lowering.plan.buffer(weight.packing.vectors * VECTOR_BYTES);
  addTranspose(lowering, weight, output);
  lowering.transposed.set(name, output);
  return output;
}

export function addTranspose({ plan }: Lowering, { buffer, packing }: Weight, output: Buffer): void {
  const sizes = { inChannels: packing.inputs, outChannels: packing.outputs };
  plan.add("transpose", packing.inputs / 8, { weight: buffer, output, ...sizes });
}
