// The backward pass of units, last one first. Each is given the loss by its batch-norm's output (dy) and hands the same to
// the unit it reads. Gradients of what does not train are left out, and the pass ends where nothing before trains.
import type { ConvOp } from "../../../model/network.ts";
import type { Buffer } from "../plan.ts";
import { backwardBlockRows, forwardBlockRows, isRowSplit, rowChunks, VECTOR_BYTES } from "../shapes.ts";
import type { Unit } from "../stages.ts";
import { addColumnsBackward } from "./columns.ts";
import { lowerWeightGradient } from "./dense.ts";
import { lowerDepthwiseBackward } from "./depthwise.ts";
import { lowerGateBackward } from "./gate.ts";
import { prepareInputGradient } from "./input-gradient.ts";
import { gradientBuffer, mapBuffer, stateOf, transposedWeight, weightOf, type Lowering } from "./lowering.ts";
import { gradientZ, lowerNormBackward } from "./norm.ts";
import { convInput, materialise } from "./value.ts";

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
    z: gradientZ(state),
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
  plan.add("normGradient", channels / 8, {
    dy: state.dy,
    z: gradientZ(state),
    coef: state.coef,
    output: dz,
    rows,
    channels,
  });
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
  addColumnsBackward(lowering, {
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
  });
}
