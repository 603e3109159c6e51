// What an optimizer remembers of each trainable parameter. The names stand in checkpoints ("optimizer.<slot>.<parameter>") and are
// PyTorch's, the same for all engines, so that a run trained on one engine resumes on another.
import type { Optimizer } from "./engine.ts";

export type Slot = "exp_avg" | "exp_avg_sq" | "momentum_buffer" | "square_avg";

export function optimizerSlots(optimizer: Optimizer): readonly Slot[] {
  switch (optimizer.kind) {
    case "adam":
    case "adamw":
      return ["exp_avg", "exp_avg_sq"];
    case "sgd":
      return optimizer.momentum === 0 ? [] : ["momentum_buffer"];
    case "rmsprop":
      return optimizer.momentum === 0 ? ["square_avg"] : ["square_avg", "momentum_buffer"];
  }
}

/** Name of a slot's values in a state; they are shaped as the parameter. */
export function slotName(slot: Slot, parameter: string): string {
  return `optimizer.${slot}.${parameter}`;
}
