// When a training ends: after all its epochs, or early, as Keras' EarlyStopping does. It follows from the validation losses alone, so
// that a checkpoint needs nothing more.
import type { EarlyStopping, Settings } from "../experiment/settings.ts";
import { lastStageStart } from "./stages.ts";

/** @param losses of the validations so far, one an epoch */
export function isOver({ epochs, earlyStopping, freeze }: Settings, losses: readonly number[]): boolean {
  if (losses.length >= epochs) return true;
  if (earlyStopping === null) return false;
  return hasStalled(losses.slice(lastStageStart(freeze) - 1), earlyStopping); // an earlier stage is never cut short
}

/** How many epochs a training has whose validations gave these losses. */
export function epochsOf(settings: Settings, losses: readonly number[]): number {
  for (let n = 1; n < settings.epochs; n++) if (isOver(settings, losses.slice(0, n))) return n;
  return settings.epochs;
}

function hasStalled(losses: readonly number[], { patience, minDelta }: EarlyStopping): boolean {
  let best = Infinity;
  let without = 0; // epochs without a better loss
  for (const loss of losses) {
    const better = loss < best - minDelta;
    without = better ? 0 : without + 1;
    if (better) best = loss;
    if (without >= patience) return true;
  }
  return false;
}
