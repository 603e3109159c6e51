// The forward pass of units: convolution with the sums for its batch-norm, coefficients, squeeze-excite. Batch-norm,
// activation, gate and shortcut of a unit are applied where its value is read; it is written out only where two read it.
import type { BatchNormOp, DepthwiseConvOp, ConvOp } from "../../../model/network.ts";
import type { Buffer } from "../plan.ts";
import { forwardBlockRows, imageGroups, isRowSplit, padded, rowChunks, rowTiles, VECTOR_BYTES } from "../shapes.ts";
import type { Unit } from "../stages.ts";
import {
  activationCode,
  floatBuffer,
  mapBuffer,
  mapSize,
  stateOf,
  vectorBuffer,
  weightOf,
  type Lowering,
  type MapSize,
  type UnitState,
} from "./lowering.ts";
import { normModeOf } from "./trains.ts";

const COEFFICIENTS = 6; // kernels/plan.h
const MOMENTS = 3; // shift, sum, sum of squares

export function lowerNormalize(lowering: Lowering): void {
  const { plan, memory, images, stages } = lowering;
  const { mean, std, output } = stages.normalize;
  const { imageRows } = mapSize(output, images);
  const image = floatBuffer(lowering, images * imageRows * 3);
  const scale = std.map((deviation) => 1 / (255 * deviation)) as [number, number, number];
  const shift = std.map((deviation, i) => -(mean[i] as number) / deviation) as [number, number, number];
  const [scaleR, scaleG, scaleB] = scale;
  const [shiftR, shiftG, shiftB] = shift;
  const factors = { scaleR, scaleG, scaleB, shiftR, shiftG, shiftB };
  plan.add("normalize", images, { images: memory.images, output: image, pixels: imageRows, ...factors });
  lowering.image = image;
}

/** Running statistics to coefficients, for all units whose batch-norm is in inference mode. */
export function lowerInferenceNorms(lowering: Lowering): Map<Unit, Buffer> {
  const coefficients = new Map<Unit, Buffer>();
  for (const unit of lowering.stages.units) {
    if (normModeOf(lowering, unit) === "batch") continue;
    const norm = normOf(unit);
    const channels = padded(norm.channels);
    const coef = floatBuffer(lowering, COEFFICIENTS * channels);
    lowering.plan.add("normInference", channels / 8, { ...normBuffers(lowering, norm), coef, channels, eps: norm.eps });
    lowering.plan.alongside();
    coefficients.set(unit, coef);
  }
  return coefficients;
}

export function lowerUnit(lowering: Lowering, unit: Unit, inferenceCoef: Buffer | undefined): void {
  if (unit.shortcut !== null) materialise(lowering, unit.shortcut);
  const map = mapSize(unit.conv.output, lowering.images);
  const coef = inferenceCoef ?? floatBuffer(lowering, COEFFICIENTS * map.channels);
  const normMode = normModeOf(lowering, unit);
  const empty = { gate: null, plain: null, dy: null, sums: null, viaShortcut: null };
  const state: UnitState = { map, normMode, z: mapBuffer(lowering, map), coef, ...empty };
  lowering.units.set(unit, state);
  if (unit.conv.kind === "depthwiseConv") lowerDepthwise(lowering, unit, unit.conv, state);
  else lowerConv(lowering, unit, unit.conv, state);
  if (unit.gate !== null) lowerGate(lowering, unit, state);
}

function lowerConv(lowering: Lowering, unit: Unit, conv: ConvOp, state: UnitState): void {
  const { plan } = lowering;
  const { rows, channels } = state.map;
  const weight = weightOf(lowering, conv.weight);
  const inChannels = weight.packing.inputs;
  if (unit.input !== null && !isRowSplit(rows)) {
    const stats = statsBuffer(lowering, state, 1);
    const input = materialise(lowering, unit.input);
    const sizes = { rows, inChannels, outChannels: channels, activation: 0 };
    plan.add("columnsForward", channels / 8, {
      input,
      weight: weight.buffer,
      bias: null,
      output: state.z,
      stats,
      ...sizes,
    });
    return lowerNorm(lowering, unit, state, { stats, parts: 1, units: 1, unitRows: rows });
  }
  const chunks = rowChunks(rows);
  const stats = statsBuffer(lowering, state, chunks);
  const blockRows = forwardBlockRows(inChannels);
  plan.needScratch((32 + 3 * (channels / 8) + (inChannels / 8) * (blockRows + 2)) * VECTOR_BYTES);
  plan.add("convForward", chunks, {
    ...convInput(lowering, unit, conv, "forward"),
    weight: weight.buffer,
    output: state.z,
    stats,
    rows,
    inChannels,
    outChannels: channels,
    rowChunks: chunks,
    blockRows,
  });
  lowerNorm(lowering, unit, state, { stats, parts: chunks, units: rowTiles(rows), unitRows: 4 });
}

/** How a convolution reads its input; see kernels/load.c. */
export function convInput(lowering: Lowering, unit: Unit, conv: ConvOp, pass: "forward" | "backward") {
  const none = { inputCoef: null, gate: null, residual: null, plain: null, activation: 0, imageRows: 0 };
  const geometry = { images: lowering.images, ...patchGeometry(lowering, conv, unit) };
  if (unit.input === null) return { load: 3, input: lowering.image, ...none, ...geometry };
  const source = stateOf(lowering, unit.input);
  const known = source.plain;
  if (known !== null) return { load: 0, input: known, ...none, ...geometry };
  const { shortcut, activation, readers } = unit.input;
  const keeps = pass === "forward" && (readers > 1 || shortcut !== null);
  if (keeps) source.plain = mapBuffer(lowering, source.map);
  return {
    load: keeps ? 2 : 1,
    input: source.z,
    inputCoef: source.coef,
    gate: source.gate?.gate ?? null,
    residual: shortcut === null ? null : stateOf(lowering, shortcut).plain,
    plain: source.plain,
    activation: activationCode(activation),
    imageRows: source.map.imageRows,
    ...geometry,
  };
}

function patchGeometry(lowering: Lowering, conv: ConvOp, unit: Unit) {
  const { kernel, stride, padding } = conv;
  const none = { height: 0, width: 0, outHeight: 0, outWidth: 0, kernel, stride, padding };
  if (unit.input !== null) return none;
  const from = mapSize(lowering.stages.normalize.output, lowering.images);
  const to = mapSize(conv.output, lowering.images);
  return { ...none, height: from.heightPx, width: from.widthPx, outHeight: to.heightPx, outWidth: to.widthPx };
}

function lowerDepthwise(lowering: Lowering, unit: Unit, conv: DepthwiseConvOp, state: UnitState): void {
  const { plan, images } = lowering;
  const source = depthwiseInput(lowering, unit);
  const geometry = depthwiseGeometry(conv, source.map, state.map, images);
  const { groups, channels, height, width, padding } = geometry;
  const stats = statsBuffer(lowering, state, groups);
  plan.needScratch((height + 2 * padding) * (width + 2 * padding) * VECTOR_BYTES);
  plan.add("depthwiseForward", (channels / 8) * groups, {
    input: source.plain ?? source.z,
    inputCoef: source.plain === null ? source.coef : null,
    weight: weightOf(lowering, conv.weight).buffer,
    output: state.z,
    stats,
    activation: source.activation,
    ...geometry,
  });
  lowerNorm(lowering, unit, state, { stats, parts: groups, units: images, unitRows: state.map.imageRows });
}

/** The value that a depthwise convolution reads: normalised on the way where it can be, else as memory. */
export function depthwiseInput(lowering: Lowering, unit: Unit) {
  const input = unit.input as Unit;
  const { z, coef, map } = stateOf(lowering, input);
  const direct = input.gate === null && input.shortcut === null;
  const plain = direct ? null : materialise(lowering, input);
  return { z, coef, map, plain, activation: activationCode(input.activation) };
}

export function depthwiseGeometry(conv: DepthwiseConvOp, from: MapSize, to: MapSize, images: number) {
  const { kernel, stride, padding } = conv;
  const size = { height: from.heightPx, width: from.widthPx, outHeight: to.heightPx, outWidth: to.widthPx };
  return { groups: imageGroups(to.channels, images), images, channels: to.channels, ...size, kernel, stride, padding };
}

/** pooled = mean of the value; gate = hardSigmoid(fc2(relu(fc1(pooled)))). */
function lowerGate(lowering: Lowering, unit: Unit, state: UnitState): void {
  const { plan, images } = lowering;
  const { weight1, bias1, weight2, bias2 } = unit.gate as NonNullable<Unit["gate"]>;
  const { channels, imageRows } = state.map;
  const pooled = vectorBuffer(lowering, channels);
  const activation = activationCode(unit.activation);
  plan.add("pool", channels / 8, {
    input: state.z,
    coef: state.coef,
    output: pooled,
    activation,
    images,
    imageRows,
    channels,
  });
  const hidden = lowerDense(lowering, pooled, { weight: weight1, bias: bias1, activation: activationCode("relu") });
  const gate = lowerDense(lowering, hidden, {
    weight: weight2,
    bias: bias2,
    activation: activationCode("hardSigmoid"),
  });
  state.gate = { pooled, hidden, gate };
}

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
  lowering.plan.add("columnsForward", outputs / 8, {
    input,
    weight: weight.buffer,
    bias,
    output,
    stats: null,
    ...sizes,
  });
  return output;
}

/** The unit's value as memory. */
export function materialise(lowering: Lowering, unit: Unit): Buffer {
  const state = stateOf(lowering, unit);
  if (state.plain !== null) return state.plain;
  const { channels, rows, imageRows } = state.map;
  const output = mapBuffer(lowering, state.map);
  lowering.plan.add("apply", channels / 8, {
    input: state.z,
    coef: state.coef,
    gate: state.gate?.gate ?? null,
    residual: unit.shortcut === null ? null : materialise(lowering, unit.shortcut),
    output,
    activation: activationCode(unit.activation),
    rows,
    channels,
    imageRows,
    images: lowering.images,
  });
  state.plain = output;
  return output;
}

function statsBuffer(lowering: Lowering, state: UnitState, parts: number): Buffer | null {
  return state.normMode === "inference" ? null : floatBuffer(lowering, MOMENTS * state.map.channels * parts);
}

/** How the sums were formed: part t covers units [units t / parts, units (t + 1) / parts) of unitRows rows each. */
interface SumParts {
  readonly stats: Buffer | null;
  readonly parts: number;
  readonly units: number;
  readonly unitRows: number;
}

function lowerNorm(lowering: Lowering, unit: Unit, state: UnitState, sums: SumParts): void {
  if (state.normMode === "inference") return;
  const norm = normOf(unit);
  const { rows, channels } = state.map;
  const { eps, momentum } = norm;
  const update = lowering.kind === "gradients" ? 0 : 1;
  const sizes = { rows, channels, update, eps, momentum };
  lowering.plan.add("normForward", channels / 8, {
    ...normBuffers(lowering, norm),
    coef: state.coef,
    ...sums,
    ...sizes,
  });
}

export function normOf(unit: Unit): BatchNormOp {
  return unit.norm as BatchNormOp; // readStages lets no unit pass without
}

function normBuffers(lowering: Lowering, norm: BatchNormOp) {
  const buffer = (name: string): Buffer => weightOf(lowering, name).buffer;
  const { weight, bias, runningMean, runningVar } = norm;
  return {
    weight: buffer(weight),
    bias: buffer(bias),
    runningMean: buffer(runningMean),
    runningVar: buffer(runningVar),
  };
}
