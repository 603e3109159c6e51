// Learning rates over the steps of a run. PyTorch's counterparts: CosineAnnealingLR and StepLR, stepped as said below.
import { cos, pow } from "../exact-math.ts";
import type { Schedule } from "../experiment/settings.ts";

export interface StepPosition {
  /** From 1. */
  readonly epoch: number;
  /** From 1, within the epoch. */
  readonly batch: number;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
}

/**
 * The learning rate of one step.
 * - constant: lr.
 * - cosine: rises in equal steps to lr over the warm-up epochs, then falls along half a cosine towards finalLr, which the step after
 *   the run's last would have; changes with every batch.
 * - step: lr * factor^k after k times `everyEpochs` epochs.
 * @param lr the settings', or that of the freeze stage
 */
export function learningRate(schedule: Schedule, lr: number, position: StepPosition): number {
  const { epoch, batch, epochs, batchesPerEpoch } = position;
  switch (schedule.kind) {
    case "constant":
      return lr;
    case "cosine": {
      const step = (epoch - 1) * batchesPerEpoch + batch - 1;
      const warmup = Math.round(schedule.warmupEpochs * batchesPerEpoch);
      if (step < warmup) return (lr * (step + 1)) / warmup;
      const done = (step - warmup) / (epochs * batchesPerEpoch - warmup);
      return schedule.finalLr + (lr - schedule.finalLr) * 0.5 * (1 + cos(Math.PI * done));
    }
    case "step":
      return lr * pow(schedule.factor, Math.floor((epoch - 1) / schedule.everyEpochs));
  }
}
