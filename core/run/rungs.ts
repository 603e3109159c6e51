// Synchronous successive halving (Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization"):
// after each rung the better part of the variants goes on. What is decided follows from the numbers alone, never from who was first.
import type { Halving } from "../experiment/settings.ts";

/** A variant after a rung. */
export interface Contender {
  readonly variant: string;
  /** Mean over its runs of each run's best value so far; null: a run of it failed, or its value is undefined. */
  readonly score: number | null;
}

export interface Decision extends Contender {
  /** From 1, the best. */
  readonly rank: number;
  readonly kept: boolean;
}

/** Epochs after which the runs pause, rising and below the number of all: 1, 3, 9 for 10 epochs and a factor of 3. */
export function rungEpochs({ firstEpochs, factor }: Pick<Halving, "firstEpochs" | "factor">, epochs: number): number[] {
  const rungs: number[] = [];
  for (let epoch = firstEpochs; epoch < epochs; epoch *= factor) rungs.push(epoch);
  return rungs;
}

/** How many of `count` variants go on: one in `factor`, rounded up. */
export function keptOf(count: number, factor: number): number {
  return Math.ceil(count / factor);
}

/** In order of rank; of equals the one that stands first in the experiment goes first, one without a score goes last. */
export function decide(
  contenders: readonly Contender[],
  { metric, factor }: Pick<Halving, "metric" | "factor">,
): Decision[] {
  const direction = metric === "loss" ? 1 : -1;
  const worth = ({ score }: Contender) => (score === null ? Infinity : direction * score);
  const ranked = [...contenders].sort((a, b) => (worth(a) === worth(b) ? 0 : worth(a) - worth(b)));
  const kept = keptOf(contenders.length, factor);
  return ranked.map((contender, index) => ({ ...contender, rank: index + 1, kept: index < kept }));
}
