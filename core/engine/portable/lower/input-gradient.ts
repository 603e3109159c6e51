// The gradient of the value that a unit reads: the loss by the batch-norm's output of the unit that makes it.
import type { Buffer } from "../plan.ts";
import type { Unit } from "../stages.ts";
import { activationCode, mapBuffer, stateOf, type Lowering } from "./lowering.ts";
import { prepareSums } from "./norm.ts";

/** Buffers for the gradient of the value that a unit reads; kernels multiply it by the activation's derivative. */
export interface InputGradient {
  readonly inputGradient: Buffer | null;
  readonly gradientActivation: number;
  readonly gradientZ: Buffer | null;
  readonly gradientCoef: Buffer | null;
  readonly gradientResidual: Buffer | null;
  readonly gradientStats: Buffer | null;
}

/** @param parts in which the kernel forms the sums for the input's batch-norm */
export function prepareInputGradient(lowering: Lowering, input: Unit | null, parts: number): InputGradient {
  const none = {
    gradientActivation: 0,
    gradientZ: null,
    gradientCoef: null,
    gradientResidual: null,
    gradientStats: null,
  };
  if (input === null) return { inputGradient: null, ...none };
  const state = stateOf(lowering, input);
  const inputGradient = mapBuffer(lowering, state.map);
  state.dy = inputGradient;
  if (input.gate !== null) return { inputGradient, ...none }; // its activation comes behind the gate
  return {
    inputGradient,
    gradientActivation: activationCode(input.activation),
    gradientZ: state.z,
    gradientCoef: state.coef,
    gradientResidual: state.viaShortcut,
    gradientStats: prepareSums(lowering, state, parts),
  };
}
