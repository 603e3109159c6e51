// Which parts of a network the loss must be followed back to.
import type { BatchNormOp, Network, SqueezeExciteOp } from "../../../model/network.ts";
import type { CompileOptions } from "../../engine.ts";
import type { HeadLayer, Stages, Unit } from "../stages.ts";
import { isTraining, weightOf, type Lowering } from "./lowering.ts";

/** Whether the unit itself, the gate included, has a parameter that trains. */
function unitTrains(lowering: Lowering, unit: Unit): boolean {
  const names = [unit.conv.weight, ...normParameters(unit.norm), ...gateParameters(unit.gate)];
  return names.some((name) => weightOf(lowering, name).trainable);
}

/** Units from which a trainable parameter can be reached backwards; the others need no gradient, nor keep anything for it. */
export function unitsWithGradient(lowering: Lowering): Set<Unit> {
  const found = new Set<Unit>();
  for (const unit of lowering.stages.units) {
    const before = [unit.input, unit.shortcut].some((source) => source !== null && found.has(source));
    if (before || unitTrains(lowering, unit)) found.add(unit);
  }
  return found;
}

export function layerTrains(lowering: Lowering, { dense }: HeadLayer): boolean {
  return weightOf(lowering, dense.weight).trainable || weightOf(lowering, dense.bias).trainable;
}

function normParameters(norm: BatchNormOp | null): string[] {
  return norm === null ? [] : [norm.weight, norm.bias];
}

function gateParameters(gate: SqueezeExciteOp | null): string[] {
  return gate === null ? [] : [gate.weight1, gate.bias1, gate.weight2, gate.bias2].filter((name) => name !== null);
}

/** What the unit's batch-norm does in this plan. */
export function normModeOf(lowering: Lowering, unit: Unit): "batch" | "inference" {
  if (!isTraining(lowering.kind)) return "inference";
  if (lowering.options.frozenBatchNorm === "update") return "batch";
  return normParameters(unit.norm).some((name) => weightOf(lowering, name).trainable) ? "batch" : "inference";
}

/**
 * The network's first units as far as nothing there trains or changes: they keep nothing for a backward pass. What follows them reads
 * the last of them alone. In an evaluation: all.
 */
export function frozenUnits(lowering: Lowering): readonly Unit[] {
  const { units } = lowering.stages;
  if (!isTraining(lowering.kind)) return units;
  const moves = (unit: Unit): boolean => unitTrains(lowering, unit) || normModeOf(lowering, unit) === "batch";
  const first = units.findIndex(moves);
  let count = first < 0 ? units.length : first;
  while (count > 0 && !isCut(units, count)) count--;
  return units.slice(0, count);
}

/** Whether the units from `count` on read, of those before, the last one alone. */
export function isCut(units: readonly Unit[], count: number): boolean {
  const after = new Set<Unit | null>(units.slice(count - 1)).add(null);
  const reads = (unit: Unit): (Unit | null)[] => [unit.input, unit.shortcut];
  return units.slice(count).every((unit) => unit.input !== null && reads(unit).every((source) => after.has(source)));
}

/** Whether nothing but dense layers trains, and no batch-norm's statistics change. */
export function trainsHeadAlone(network: Network, { head }: Stages, options: CompileOptions): boolean {
  if (options.purpose !== "training" || options.frozenBatchNorm !== "inference") return false;
  const ofHead = new Set(head.flatMap(({ dense }) => [dense.weight, dense.bias]));
  return network.parameters.every(({ name }) => !options.trainable.has(name) || ofHead.has(name));
}
