// Lowers a network, or its head alone, to the plan of one step, of the gradients or of an evaluation, for one number of images.
import type { CompileOptions } from "../../engine.ts";
import { Plan, type Buffer } from "../plan.ts";
import type { Stages, Unit } from "../stages.ts";
import { lowerUnitBackward } from "./backward.ts";
import { lowerDepthFirst, lowerFold } from "./depth-first.ts";
import { lowerUnit } from "./forward.ts";
import { lowerHead, lowerHeadBackward, lowerLoss, lowerPool, type HeadState } from "./head.ts";
import {
  addTranspose,
  isTraining,
  mapSize,
  transposedWeight,
  weightOf,
  type Lowering,
  type PlanKind,
} from "./lowering.ts";
import { lowerInferenceNorms } from "./norm.ts";
import { lowerNormalize } from "./normalize.ts";
import { frozenUnits, layerTrains, unitsWithGradient } from "./trains.ts";
import { lowerAverages, lowerClip, lowerSumParts, lowerUpdate } from "./update.ts";
import type { ProgramMemory } from "./weights.ts";

export interface Lowered {
  readonly plan: Plan;
  /** A vector of the network: the logits, or the features where the plan ends with them; the last map where it ends with that; valid after all but training; null after folding. */
  readonly output: Buffer | null;
  /** By parameter name, valid after "gradients". */
  readonly gradients: ReadonlyMap<string, Buffer>;
}

export interface LowerJob {
  readonly kind: PlanKind;
  readonly stages: Stages;
  readonly memory: ProgramMemory;
  readonly options: CompileOptions;
  readonly images: number;
}

export function lower(job: LowerJob): Lowered {
  const plan = new Plan();
  const lowering: Lowering = {
    ...job,
    plan,
    units: new Map(),
    gradients: new Map(),
    transposed: new Map(),
    image: null,
  };
  const output = lowerKind(lowering);
  if (output !== null && !isTraining(job.kind)) plan.keep(output);
  const gradients = new Map([...lowering.gradients].map(([name, gradient]) => [name, gradient.buffer]));
  return { plan, output, gradients };
}

function lowerKind(lowering: Lowering): Buffer | null {
  const { kind, memory } = lowering;
  if (kind === "fold") {
    lowerFold(lowering);
    lowerFixedTransposes(lowering);
    return null;
  }
  if (kind === "maps") return lowerDepthFirst(lowering, lowering.stages.units, "map");
  const features = kind.endsWith("Head") ? memory.features : lowerBackbone(lowering);
  return kind === "features" ? features : lowerFromFeatures(lowering, features);
}

/** From the images to what the head reads. */
function lowerBackbone(lowering: Lowering): Buffer {
  const { stages, memory } = lowering;
  const frozen = frozenUnits(lowering);
  if (frozen.length === stages.units.length) return lowerDepthFirst(lowering, frozen, "mean");
  const rest = stages.units.slice(frozen.length);
  const coefficients = lowerInferenceNorms(lowering, rest);
  if (frozen.length === 0) lowering.image = lowerNormalize(lowering, memory.images);
  else setFrozenValue(lowering, frozen.at(-1) as Unit, lowerDepthFirst(lowering, frozen, "map"));
  for (const unit of rest) lowerUnit(lowering, unit, coefficients.get(unit));
  return lowerPool(lowering);
}

/** The value of the last frozen unit, for those that follow: it stands in memory, and nobody reads how it was made. */
function setFrozenValue(lowering: Lowering, unit: Unit, value: Buffer): void {
  const map = mapSize(unit.conv.output, lowering.images);
  const nothingElse = { gate: null, dy: null, sums: null, viaShortcut: null };
  lowering.units.set(unit, { map, normMode: "inference", z: value, coef: value, plain: value, ...nothingElse });
}

/** The head and, in training, everything after it. @returns the logits */
function lowerFromFeatures(lowering: Lowering, features: Buffer): Buffer {
  const head = lowerHead(lowering, features);
  if (isTraining(lowering.kind)) lowerTraining(lowering, head);
  return head.logits;
}

function lowerTraining(lowering: Lowering, head: HeadState): void {
  const { plan, kind, stages } = lowering;
  const classes = (stages.head.at(-1) as Stages["head"][number]).dense.outFeatures;
  const withGradient = unitsWithGradient(lowering);
  const dLogits = lowerLoss(lowering, head.logits, classes);
  lowerTransposes(lowering, withGradient);
  lowerHeadBackward(lowering, head, dLogits, withGradient);
  for (const unit of [...stages.units].reverse()) {
    if (withGradient.has(unit)) lowerUnitBackward(lowering, unit, withGradient);
  }
  if (kind === "gradients") {
    plan.wait();
    lowerSumParts(lowering, () => null);
    for (const { buffer } of lowering.gradients.values()) plan.keep(buffer);
    return;
  }
  if (kind.startsWith("trainClipped")) lowerClip(lowering);
  lowerUpdate(lowering);
  lowerAverages(lowering);
}

/** Transposes, side by side, what the backward pass multiplies by. */
function lowerTransposes(lowering: Lowering, withGradient: ReadonlySet<Unit>): void {
  const { stages, plan } = lowering;
  const needed: string[] = [];
  for (const { conv, input } of stages.units) {
    if (input === null || !withGradient.has(input)) continue;
    if (conv.kind === "conv") needed.push(conv.weight);
    if (input.gate !== null) needed.push(input.gate.weight1, input.gate.weight2);
  }
  stages.head.forEach(({ dense }, i) => {
    const before = stages.head.slice(0, i).some((layer) => layerTrains(lowering, layer));
    if (before || withGradient.has(stages.units.at(-1) as Unit)) needed.push(dense.weight);
  });
  for (const name of needed) {
    if (weightOf(lowering, name).transposed !== null) continue;
    transposedWeight(lowering, name);
    plan.alongside();
  }
  plan.wait();
}

/** Those that no step changes, side by side with the folding of batch-norms. */
function lowerFixedTransposes(lowering: Lowering): void {
  for (const weight of lowering.memory.weights.values()) {
    if (weight.transposed === null) continue;
    addTranspose(lowering, weight, weight.transposed);
    lowering.plan.alongside();
  }
}
