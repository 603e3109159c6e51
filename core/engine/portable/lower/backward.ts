// The backward pass of units, last one first. Each is given the loss by its batch-norm's output (dy) and hands the same to
// the unit it reads. Gradients of what does not train are left out, and the pass ends where nothing before trains.
import type { ConvOp, DepthwiseConvOp } from "../../../model/network.ts";
import type { Buffer } from "../plan.ts";
import {
  backwardBlockRows,
  forwardBlockRows,
  isRowSplit,
  rowChunks,
  VECTOR_BYTES,
  weightGradientBlockRows,
} from "../shapes.ts";
import type { Unit } from "../stages.ts";
import { convInput, depthwiseGeometry, depthwiseInput, materialise, normOf } from "./forward.ts";
import {
  activationCode,
  floatBuffer,
  gradientBuffer,
  mapBuffer,
  stateOf,
  transposedWeight,
  vectorBuffer,
  weightOf,
  type Lowering,
  type Sums,
  type UnitState,
} from "./lowering.ts";

/** @param withGradient units that the loss must be followed to */
export function lowerUnitBackward(lowering: Lowering, unit: Unit, withGradient: ReadonlySet<Unit>): void {
  const state = stateOf(lowering, unit);
  const dy = state.dy as Buffer;
  if (unit.shortcut !== null && withGradient.has(unit.shortcut)) stateOf(lowering, unit.shortcut).viaShortcut = dy;
  if (state.sums !== null) lowerNormBackward(lowering, unit, state, state.sums);
  const input = unit.input !== null && withGradient.has(unit.input) ? unit.input : null;
  if (unit.conv.kind === "depthwiseConv") lowerDepthwiseBackward(lowering, unit, unit.conv, input);
  else if (unit.input === null || isRowSplit(state.map.rows)) lowerConvBackward(lowering, unit, unit.conv, input);
  else lowerColumnsBackward(lowering, unit, unit.conv, input);
  if (input !== null && input.gate !== null) lowerGateBackward(lowering, input);
}

/** Buffers for the gradient of the value that a unit reads; kernels multiply it by the activation's derivative. */
interface InputGradient {
  readonly inputGradient: Buffer | null;
  readonly gradientActivation: number;
  readonly gradientZ: Buffer | null;
  readonly gradientCoef: Buffer | null;
  readonly gradientResidual: Buffer | null;
  readonly gradientStats: Buffer | null;
}

/** @param parts in which the kernel forms the sums for the input's batch-norm */
function prepareInputGradient(lowering: Lowering, input: Unit | null, parts: number): InputGradient {
  const none = {
    gradientActivation: 0,
    gradientZ: null,
    gradientCoef: null,
    gradientResidual: null,
    gradientStats: null,
  };
  if (input === null) return { inputGradient: null, ...none };
  const state = stateOf(lowering, input);
  const inputGradient = mapBuffer(lowering, state.map);
  state.dy = inputGradient;
  if (input.gate !== null) return { inputGradient, ...none }; // its activation comes behind the gate
  return {
    inputGradient,
    gradientActivation: activationCode(input.activation),
    gradientZ: state.z,
    gradientCoef: state.coef,
    gradientResidual: state.viaShortcut,
    gradientStats: prepareSums(lowering, state, parts),
  };
}

/** Room for the sums of dy that a batch-norm needs; none in inference mode. */
export function prepareSums(lowering: Lowering, state: UnitState, parts: number): Buffer | null {
  if (state.normMode === "inference") return null;
  const buffer = floatBuffer(lowering, 2 * state.map.channels * parts);
  state.sums = { buffer, parts };
  return buffer;
}

function lowerNormBackward(lowering: Lowering, unit: Unit, state: UnitState, sums: Sums): void {
  const { weight, bias } = normOf(unit);
  const { rows, channels } = state.map;
  lowering.plan.add("normBackward", channels / 8, {
    stats: sums.buffer,
    coef: state.coef,
    weightGradient: gradientBuffer(lowering, weight, 1),
    biasGradient: gradientBuffer(lowering, bias, 1),
    parts: sums.parts,
    rows,
    channels,
  });
}

function lowerConvBackward(lowering: Lowering, unit: Unit, conv: ConvOp, input: Unit | null): void {
  const { plan } = lowering;
  const state = stateOf(lowering, unit);
  const { rows, channels } = state.map;
  const inChannels = weightOf(lowering, conv.weight).packing.inputs;
  const chunks = rowChunks(rows);
  const weightGradient = gradientBuffer(lowering, conv.weight, chunks);
  if (weightGradient === null && input === null) return;
  const weightT = input === null ? null : transposedWeight(lowering, conv.weight);
  const blockRows = unit.input === null ? forwardBlockRows(inChannels) : backwardBlockRows(inChannels + channels);
  const blocks = ((inChannels + channels) / 8) * (blockRows + 2);
  plan.needScratch((32 + 2 * (inChannels / 8) + blocks) * VECTOR_BYTES);
  plan.add("convBackward", chunks, {
    ...convInput(lowering, unit, conv, "backward"),
    dy: state.dy,
    z: state.z,
    coef: state.coef,
    weightGradient,
    weightT,
    ...prepareInputGradient(lowering, input, chunks),
    rows,
    inChannels,
    outChannels: channels,
    rowChunks: chunks,
    blockRows,
  });
}

/** With few rows: dz as memory, then both products by columns, side by side. */
function lowerColumnsBackward(lowering: Lowering, unit: Unit, conv: ConvOp, input: Unit | null): void {
  const { plan } = lowering;
  const state = stateOf(lowering, unit);
  const { rows, channels } = state.map;
  const trains = weightOf(lowering, conv.weight).trainable;
  if (!trains && input === null) return;
  const weightT = input === null ? null : transposedWeight(lowering, conv.weight);
  const dz = mapBuffer(lowering, state.map);
  plan.add("normGradient", channels / 8, { dy: state.dy, z: state.z, coef: state.coef, output: dz, rows, channels });
  const factors = { dz, rows, outChannels: channels };
  if (trains)
    lowerWeightGradient(lowering, {
      ...factors,
      input: materialise(lowering, unit.input as Unit),
      weight: conv.weight,
    });
  if (weightT === null) return;
  if (trains) plan.alongside();
  const gradient = prepareInputGradient(lowering, input, 1);
  const inChannels = weightOf(lowering, conv.weight).packing.inputs;
  plan.add("columnsBackward", inChannels / 8, {
    dz,
    weightT,
    output: gradient.inputGradient,
    z: gradient.gradientZ,
    coef: gradient.gradientCoef,
    residual: gradient.gradientResidual,
    stats: gradient.gradientStats,
    activation: gradient.gradientActivation,
    rows,
    inChannels,
    outChannels: channels,
    blockRows: forwardBlockRows(channels),
  });
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

function lowerDepthwiseBackward(lowering: Lowering, unit: Unit, conv: DepthwiseConvOp, input: Unit | null): void {
  const { plan, images } = lowering;
  const state = stateOf(lowering, unit);
  const source = depthwiseInput(lowering, unit);
  const geometry = depthwiseGeometry(conv, source.map, state.map, images);
  const { groups, channels, height, width, outHeight, outWidth, padding } = geometry;
  const weightGradient = gradientBuffer(lowering, conv.weight, groups);
  if (weightGradient === null && input === null) return;
  const reach = 5; // at most what kernels/depthwise.c adds to a plane of dz
  const planes = (height + 2 * padding) * (width + 2 * padding) + (outHeight + reach) * (outWidth + reach);
  plan.needScratch((planes + 3 * 128) * VECTOR_BYTES);
  const gradient = prepareInputGradient(lowering, input, groups);
  plan.add("depthwiseBackward", (channels / 8) * groups, {
    input: source.z,
    inputCoef: source.coef,
    plain: source.plain,
    weight: weightOf(lowering, conv.weight).buffer,
    z: state.z,
    coef: state.coef,
    dy: state.dy,
    inputGradient: gradient.inputGradient,
    weightGradient,
    residual: gradient.gradientResidual,
    stats: gradient.gradientStats,
    activation: source.activation,
    gated: input !== null && input.gate !== null ? 1 : 0,
    ...geometry,
  });
}

/** From the loss by a gated value (in state.dy) to the loss by its batch-norm's output, through gate and value. */
function lowerGateBackward(lowering: Lowering, unit: Unit): void {
  const { plan, images } = lowering;
  const state = stateOf(lowering, unit);
  const upstream = state.dy as Buffer;
  const { pooled, hidden, gate } = state.gate as NonNullable<UnitState["gate"]>;
  const { weight1, bias1, weight2, bias2 } = unit.gate as NonNullable<Unit["gate"]>;
  const { channels, imageRows } = state.map;
  const activation = activationCode(unit.activation);
  const squeeze = weightOf(lowering, weight1).packing.outputs;
  const sizes = { activation, images, imageRows, channels };

  const dGate = vectorBuffer(lowering, channels);
  plan.add("gateGradient", channels / 8, { z: state.z, coef: state.coef, upstream, gate, output: dGate, ...sizes });
  lowerWeightGradient(lowering, {
    input: hidden,
    dz: dGate,
    weight: weight2,
    bias: bias2,
    rows: images,
    outChannels: channels,
  });
  const dHidden = lowerDenseBackward(lowering, dGate, weight2);
  const dBeforeRelu = vectorBuffer(lowering, squeeze);
  const relu = { mask: null, activation: activationCode("relu"), images };
  plan.add("vectorBackward", squeeze / 8, { input: hidden, gradient: dHidden, output: dBeforeRelu, ...relu });
  lowerWeightGradient(lowering, {
    input: pooled,
    dz: dBeforeRelu,
    weight: weight1,
    bias: bias1,
    rows: images,
    outChannels: squeeze,
  });
  const dPooled = lowerDenseBackward(lowering, dBeforeRelu, weight1);
  const stats = prepareSums(lowering, state, 1);
  const through = { upstream, gate, output: upstream, stats }; // in place
  plan.add("poolBackward", channels / 8, { z: state.z, coef: state.coef, gradient: dPooled, ...through, ...sizes });
}

/** Input gradient of a dense layer. @returns a vector of the network */
export function lowerDenseBackward(lowering: Lowering, dz: Buffer, weight: string): Buffer {
  const weightT = transposedWeight(lowering, weight);
  const { inputs, outputs } = weightOf(lowering, weight).packing;
  const output = vectorBuffer(lowering, inputs);
  const plain = { z: null, coef: null, residual: null, stats: null, activation: 0 };
  const sizes = {
    rows: lowering.images,
    inChannels: inputs,
    outChannels: outputs,
    blockRows: forwardBlockRows(outputs),
  };
  lowering.plan.add("columnsBackward", inputs / 8, { dz, weightT, output, ...plain, ...sizes });
  return output;
}
