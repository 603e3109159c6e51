// The forward pass of units: convolution with the sums for its batch-norm, coefficients, squeeze-excite.
import type { ConvOp } from "../../../model/network.ts";
import type { Buffer } from "../plan.ts";
import { forwardBlockRows, isRowSplit, rowChunks, rowTiles, VECTOR_BYTES } from "../shapes.ts";
import type { Unit } from "../stages.ts";
import { addColumnsForward } from "./columns.ts";
import { lowerDepthwise } from "./depthwise.ts";
import { lowerGate } from "./gate.ts";
import { floatBuffer, mapBuffer, mapSize, weightOf, type Lowering, type UnitState } from "./lowering.ts";
import { COEFFICIENTS, lowerNorm, statsBuffer } from "./norm.ts";
import { normModeOf } from "./trains.ts";
import { convInput, materialise } from "./value.ts";

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
    addColumnsForward(lowering, {
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
