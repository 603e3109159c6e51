// Learning rates over the steps of a run. PyTorch's counterparts: LinearLR for the warm-up, then CosineAnnealingLR, StepLR or
// ReduceLROnPlateau, stepped as said below. All of it follows from settings, position and validation losses: nothing else is kept.
import { cos, pow } from "../exact-math.ts";
import type { Plateau, Schedule } from "../experiment/settings.ts";

export interface StepPosition {
  /** From 1. */
  readonly epoch: number;
  /** From 1, within the epoch. */
  readonly batch: number;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  /** Validation losses of the epochs before this one, from where the freeze stage began. */
  readonly losses: readonly number[];
}

/**
 * The learning rate of one step: it rises in equal steps to lr over the warm-up epochs; then
 * - constant: lr.
 * - cosine: falls along half a cosine towards finalLr, which the step after the run's last would have; changes with every batch.
 * - step: lr * factor^k after k times `everyEpochs` epochs.
 * - plateau: lower by `factor` after each plateau of the validation loss.
 * @param lr the settings', or that of the freeze stage
 */
export function learningRate(schedule: Schedule, lr: number, position: StepPosition): number {
  const { epoch, batch, epochs, batchesPerEpoch, losses } = position;
  const warmup = Math.round(schedule.warmupEpochs * batchesPerEpoch);
  const step = (epoch - 1) * batchesPerEpoch + batch - 1 - warmup; // since the warm-up
  if (step < 0) return (lr * (step + warmup + 1)) / warmup;
  switch (schedule.kind) {
    case "constant":
      return lr;
    case "cosine": {
      const done = step / (epochs * batchesPerEpoch - warmup);
      return schedule.finalLr + (lr - schedule.finalLr) * 0.5 * (1 + cos(Math.PI * done));
    }
    case "step":
      return lr * pow(schedule.factor, Math.floor(Math.floor(step / batchesPerEpoch) / schedule.everyEpochs));
    case "plateau":
      return rateAfter(losses, lr, schedule);
  }
}

/** A smaller reduction is not made, as in PyTorch. */
const SMALLEST_REDUCTION = 1e-8;

/** What ReduceLROnPlateau (mode "min", threshold_mode "rel") makes of lr once it has seen these losses. */
function rateAfter(losses: readonly number[], lr: number, plateau: Plateau): number {
  let rate = lr;
  let best = Infinity;
  let without = 0; // epochs without a better loss
  let cooldown = 0;
  for (const loss of losses) {
    without = loss < best * (1 - plateau.threshold) ? 0 : without + 1;
    if (without === 0) best = loss;
    if (cooldown > 0) {
      cooldown--;
      without = 0;
    }
    if (without <= plateau.patience) continue;
    const reduced = Math.max(rate * plateau.factor, plateau.minLr);
    if (rate - reduced > SMALLEST_REDUCTION) rate = reduced;
    cooldown = plateau.cooldownEpochs;
    without = 0;
  }
  return rate;
}
