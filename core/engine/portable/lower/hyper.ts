// The numbers of one optimizer step (kernels/update.c: Hyper), in double precision until they are stored.
import { pow } from "../../../exact-math.ts";
import type { Optimizer, StepSettings } from "../../engine.ts";

const HYPER_FLOATS = 16;

/** @returns float32 [16]: decay, keep, beta1, rest1, beta2, rest2, step, root, eps, momentum, clip, clipNorm, and room for a sum */
export function hyperOf(optimizer: Optimizer, { lr, step, clipNorm = 0 }: StepSettings): Float32Array {
  const hyper = new Float32Array(HYPER_FLOATS);
  hyper.set([...ruleNumbers(optimizer, lr, step), 1, clipNorm]);
  return hyper;
}

/** An average as the update of SGD without momentum, the value in place of the gradient: decay -1 makes of it value - average. */
export function averageHyperOf(emaDecay: number): Float32Array {
  const hyper = new Float32Array(HYPER_FLOATS);
  hyper.set([-1, 1, 0, 0, 0, 0, -(1 - emaDecay), 1, 0, 0, 1, 0]);
  return hyper;
}

function ruleNumbers(optimizer: Optimizer, lr: number, step: number): number[] {
  const { kind, weightDecay } = optimizer;
  if (kind === "sgd") return [weightDecay, 1, 0, 0, 0, 0, lr, 1, 0, optimizer.momentum];
  if (kind === "rmsprop") {
    const { alpha, eps, momentum } = optimizer;
    return [weightDecay, 1, 0, 0, alpha, 1 - alpha, lr, 1, eps, momentum];
  }
  const { beta1, beta2, eps } = optimizer;
  const decay = kind === "adam" ? [weightDecay, 1] : [0, 1 - lr * weightDecay];
  const stepSize = lr / (1 - pow(beta1, step));
  const root = Math.sqrt(1 - pow(beta2, step));
  return [...decay, beta1, 1 - beta1, beta2, 1 - beta2, stepSize, root, eps, 0];
}
