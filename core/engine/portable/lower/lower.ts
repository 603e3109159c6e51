// Lowers a network to the plan of one step, of the gradients alone, or of an evaluation, for one number of images.
import type { CompileOptions } from "../../engine.ts";
import { Plan, type Buffer } from "../plan.ts";
import type { Stages, Unit } from "../stages.ts";
import { lowerUnitBackward } from "./backward.ts";
import { lowerInferenceNorms, lowerNormalize, lowerUnit } from "./forward.ts";
import { lowerHead, lowerHeadBackward, lowerLoss } from "./head.ts";
import { transposedWeight, type Lowering, type PlanKind } from "./lowering.ts";
import { layerTrains, unitsWithGradient } from "./trains.ts";
import { lowerClip, lowerSumParts, lowerUpdate } from "./update.ts";
import type { ProgramMemory } from "./weights.ts";

export interface Lowered {
  readonly plan: Plan;
  /** A vector of the network, valid after an evaluation. */
  readonly logits: Buffer;
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
  const coefficients = lowerInferenceNorms(lowering);
  lowerNormalize(lowering);
  for (const unit of job.stages.units) lowerUnit(lowering, unit, coefficients.get(unit));
  const head = lowerHead(lowering);
  if (job.kind === "evaluate") plan.keep(head.logits);
  else lowerTraining(lowering, head);
  const gradients = new Map([...lowering.gradients].map(([name, gradient]) => [name, gradient.buffer]));
  return { plan, logits: head.logits, gradients };
}

function lowerTraining(lowering: Lowering, head: ReturnType<typeof lowerHead>): void {
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
  if (kind === "trainClipped") lowerClip(lowering);
  lowerUpdate(lowering);
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
