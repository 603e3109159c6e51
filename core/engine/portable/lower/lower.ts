// Lowers a network, or its head alone, to the plan of one step, of the gradients or of an evaluation, for one number of images.
import type { CompileOptions } from "../../engine.ts";
import { Plan, type Buffer } from "../plan.ts";
import type { Stages, Unit } from "../stages.ts";
import { lowerUnitBackward } from "./backward.ts";
import { lowerInferenceNorms, lowerNormalize, lowerUnit } from "./forward.ts";
import { lowerHead, lowerHeadBackward, lowerLoss, lowerPool, type HeadState } from "./head.ts";
import { isTraining, transposedWeight, type Lowering, type PlanKind } from "./lowering.ts";
import { layerTrains, unitsWithGradient } from "./trains.ts";
import { lowerAverages, lowerClip, lowerSumParts, lowerUpdate } from "./update.ts";
import type { ProgramMemory } from "./weights.ts";

export interface Lowered {
  readonly plan: Plan;
  /** A vector of the network: the logits, or the features where the plan ends with them; valid after all but training. */
  readonly output: Buffer;
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
  const features = job.kind.endsWith("Head") ? job.memory.features : lowerBackbone(lowering);
  const output = job.kind === "features" ? features : lowerFromFeatures(lowering, features);
  if (!isTraining(job.kind)) plan.keep(output);
  const gradients = new Map([...lowering.gradients].map(([name, gradient]) => [name, gradient.buffer]));
  return { plan, output, gradients };
}

/** From the images to what the head reads. */
function lowerBackbone(lowering: Lowering): Buffer {
  const coefficients = lowerInferenceNorms(lowering);
  lowerNormalize(lowering);
  for (const unit of lowering.stages.units) lowerUnit(lowering, unit, coefficients.get(unit));
  return lowerPool(lowering);
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
    transposedWeight(lowering, name);
    plan.alongside();
  }
  plan.wait();
}
