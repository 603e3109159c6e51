// How a unit's value is read: batch-norm, activation, gate and shortcut are applied where it is read; it is written out only where
// two read it, or where a kernel needs it so.
import type { ConvOp } from "../../../model/network.ts";
import type { Buffer } from "../plan.ts";
import type { Unit } from "../stages.ts";
import { activationCode, mapBuffer, mapSize, stateOf, type Lowering } from "./lowering.ts";

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

export function patchGeometry(lowering: Lowering, conv: ConvOp, unit: Unit) {
  const { kernel, stride, padding } = conv;
  const none = { height: 0, width: 0, outHeight: 0, outWidth: 0, kernel, stride, padding };
  if (unit.input !== null) return none;
  const from = mapSize(lowering.stages.normalize.output, lowering.images);
  const to = mapSize(conv.output, lowering.images);
  return { ...none, height: from.heightPx, width: from.widthPx, outHeight: to.heightPx, outWidth: to.widthPx };
}

/** The value that a depthwise convolution reads: normalised on the way where it can be, else as memory. */
export function depthwiseInput(lowering: Lowering, unit: Unit) {
  const input = unit.input as Unit;
  const { z, coef, map, plain: known } = stateOf(lowering, input);
  const direct = input.gate === null && input.shortcut === null;
  const plain = known ?? (direct ? null : materialise(lowering, input));
  return { z, coef, map, plain, activation: activationCode(input.activation) };
}
