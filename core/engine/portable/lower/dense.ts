// Dense layers, of the head and of squeeze-excites, and gradients of their matrices.
import type { Buffer } from "../plan.ts";
import { weightGradientBlockRows } from "../shapes.ts";
import { addColumnsBackward, addColumnsForward } from "./columns.ts";
import { gradientBuffer, transposedWeight, vectorBuffer, weightOf, type Lowering } from "./lowering.ts";

/** @param layer activation: its code @returns a vector of the network */
export function lowerDense(
  lowering: Lowering,
  input: Buffer,
  layer: { readonly weight: string; readonly bias: string | null; readonly activation: number },
): Buffer {
  const weight = weightOf(lowering, layer.weight);
  const { inputs, outputs } = weight.packing;
  const bias = layer.bias === null ? null : weightOf(lowering, layer.bias).buffer;
  const output = vectorBuffer(lowering, outputs);
  const sizes = { activation: layer.activation, rows: lowering.images, inChannels: inputs, outChannels: outputs };
  addColumnsForward(lowering, {
    input,
    weight: weight.buffer,
    bias,
    output,
    stats: null,
    ...sizes,
  });
  return output;
}

interface WeightGradientOf {
  readonly input: Buffer;
  readonly dz: Buffer;
  readonly weight: string;
  readonly bias?: string | null;
  readonly rows: number;
  readonly outChannels: number;
}

/** Gradients of a matrix and its bias, whichever of them trains. */
export function lowerWeightGradient(
  lowering: Lowering,
  { input, dz, weight, bias = null, rows, outChannels }: WeightGradientOf,
): void {
  const inChannels = weightOf(lowering, weight).packing.inputs;
  const weightGradient = gradientBuffer(lowering, weight, 1);
  const biasGradient = bias === null ? null : gradientBuffer(lowering, bias, 1);
  const sizes = { rows, inChannels, outChannels, blockRows: weightGradientBlockRows(inChannels) };
  if (weightGradient === null && biasGradient === null) return;
  lowering.plan.add("weightGradient", outChannels / 8, { input, dz, weightGradient, biasGradient, ...sizes });
}

/** Input gradient of a dense layer. @returns a vector of the network */
export function lowerDenseBackward(lowering: Lowering, dz: Buffer, weight: string): Buffer {
  const weightT = transposedWeight(lowering, weight);
  const { inputs, outputs } = weightOf(lowering, weight).packing;
  const output = vectorBuffer(lowering, inputs);
  const plain = { z: null, coef: null, residual: null, stats: null, activation: 0 };
  const sizes = { rows: lowering.images, inChannels: inputs, outChannels: outputs };
  addColumnsBackward(lowering, { dz, weightT, output, ...plain, ...sizes });
  return output;
}
