// Batch-norms: coefficients from running statistics or from sums over the batch, and the sums that the backward pass needs.
import type { BatchNormOp } from "../../../model/network.ts";
import type { Buffer } from "../plan.ts";
import { padded } from "../shapes.ts";
import type { Unit } from "../stages.ts";
import { floatBuffer, gradientBuffer, weightOf, type Lowering, type Sums, type UnitState } from "./lowering.ts";
import { normModeOf } from "./trains.ts";

export const COEFFICIENTS = 6; // kernels/plan.h
const MOMENTS = 3; // shift, sum, sum of squares

/** Running statistics to coefficients, for those of the units whose batch-norm is in inference mode. */
export function lowerInferenceNorms(lowering: Lowering, units: readonly Unit[]): Map<Unit, Buffer> {
  const coefficients = new Map<Unit, Buffer>();
  for (const unit of units) {
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

export function statsBuffer(lowering: Lowering, state: UnitState, parts: number): Buffer | null {
  return state.normMode === "inference" ? null : floatBuffer(lowering, MOMENTS * state.map.channels * parts);
}

/** How the sums were formed: part t covers units [units t / parts, units (t + 1) / parts) of unitRows rows each. */
export interface SumParts {
  readonly stats: Buffer | null;
  readonly parts: number;
  readonly units: number;
  readonly unitRows: number;
}

export function lowerNorm(lowering: Lowering, unit: Unit, state: UnitState, sums: SumParts): void {
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

export function normBuffers(lowering: Lowering, norm: BatchNormOp) {
  const buffer = (name: string): Buffer => weightOf(lowering, name).buffer;
  const { weight, bias, runningMean, runningVar } = norm;
  return {
    weight: buffer(weight),
    bias: buffer(bias),
    runningMean: buffer(runningMean),
    runningVar: buffer(runningVar),
  };
}

/** Room for the sums of dy that a batch-norm needs; none in inference mode. */
export function prepareSums(lowering: Lowering, state: UnitState, parts: number): Buffer | null {
  if (state.normMode === "inference") return null;
  const buffer = floatBuffer(lowering, 2 * state.map.channels * parts);
  state.sums = { buffer, parts };
  return buffer;
}

export function lowerNormBackward(lowering: Lowering, unit: Unit, state: UnitState, sums: Sums): void {
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

/** What a batch-norm's gradient reads beside dy: in inference mode nothing, since the statistics do not come from z. */
export function gradientZ({ normMode, z }: UnitState): Buffer | null {
  return normMode === "inference" ? null : z;
}
