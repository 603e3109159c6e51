// Depthwise convolutions, forward and backward.
import type { DepthwiseConvOp } from "../../../model/network.ts";
import { depthwiseBandRows, depthwiseWindowBytes, imageGroups, VECTOR_BYTES } from "../shapes.ts";
import type { Unit } from "../stages.ts";
import { prepareInputGradient } from "./input-gradient.ts";
import { gradientBuffer, stateOf, weightOf, type Lowering, type MapSize, type UnitState } from "./lowering.ts";
import { gradientZ, lowerNorm, statsBuffer } from "./norm.ts";
import { depthwiseInput } from "./value.ts";

export function lowerDepthwise(lowering: Lowering, unit: Unit, conv: DepthwiseConvOp, state: UnitState): void {
  const { plan, images } = lowering;
  const source = depthwiseInput(lowering, unit);
  const geometry = depthwiseGeometry(conv, source.map, state.map, images);
  const { groups, channels, height, width, kernel, padding } = geometry;
  const stats = statsBuffer(lowering, state, groups);
  const bandRows = depthwiseBandRows(height, width);
  plan.needScratch(2 * VECTOR_BYTES + depthwiseWindowBytes(width, kernel, padding, bandRows));
  plan.add("depthwiseForward", (channels / 8) * groups, {
    input: source.plain ?? source.z,
    inputCoef: source.plain === null ? source.coef : null,
    weight: weightOf(lowering, conv.weight).buffer,
    output: state.z,
    stats,
    activation: source.activation,
    bandRows,
    ...geometry,
  });
  lowerNorm(lowering, unit, state, { stats, parts: groups, units: images, unitRows: state.map.imageRows });
}

export function lowerDepthwiseBackward(
  lowering: Lowering,
  unit: Unit,
  conv: DepthwiseConvOp,
  input: Unit | null,
): void {
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
    z: gradientZ(state),
    coef: state.coef,
    dy: state.dy,
    inputGradient: gradient.inputGradient,
    weightGradient,
    residual: gradient.gradientResidual,
    stats: gradient.gradientStats,
    activation: source.activation,
    bandRows: Math.max(1, Math.floor(depthwiseBandRows(height, width) / conv.stride)),
    gated: input !== null && input.gate !== null ? 1 : 0,
    ...geometry,
  });
}

function depthwiseGeometry(conv: DepthwiseConvOp, from: MapSize, to: MapSize, images: number) {
  const { kernel, stride, padding } = conv;
  const size = { height: from.heightPx, width: from.widthPx, outHeight: to.heightPx, outWidth: to.widthPx };
  return { groups: imageGroups(to.channels, images), images, channels: to.channels, ...size, kernel, stride, padding };
}
