// What an optimizer keeps for each parameter, by PyTorch's names; in a State they are "optimizer.<slot>.<parameter>".
// Averages of parameters are "ema.<parameter>". All engines use these names, so that a checkpoint of one resumes on another.
import type { Optimizer } from "./engine.ts";

export function optimizerSlots(optimizer: Optimizer): readonly string[] {
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

/** @example slotName("exp_avg", "classifier.3.weight") */
export function slotName(slot: string, parameter: string): string {
  return `optimizer.${slot}.${parameter}`;
}

/** The moving average of a weight or statistic. @example averageName("features.0.1.running_mean") */
export function averageName(parameter: string): string {
  return `ema.${parameter}`;
}
