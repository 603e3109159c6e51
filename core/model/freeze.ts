// Which parameters an optimizer may change. Frozen means: the same bits after every step; for the statistics of a frozen batch-norm
// that holds with frozenBatchNorm "inference" alone.
import { LockstepError } from "../errors.ts";
import { isStatistic, type Network, type Part } from "./network.ts";

/**
 * "none": everything trains. "backbone": only the classifier trains. "blocks" (the article's): stem, last convolution and
 * classifier train. { upTo: n }: the stem and blocks 1 to n are frozen; 0 freezes the stem alone.
 */
export type Freeze = "none" | "backbone" | "blocks" | { readonly upTo: number };

/** Names of the parameters that train, in the network's order; statistics are never among them. */
export function trainableParameters(network: Network, freeze: Freeze): Set<string> {
  if (typeof freeze === "object") checkUpTo(network, freeze.upTo);
  const trains = network.parameters.filter((p) => !isStatistic(p) && !isFrozen(p.part, freeze));
  return new Set(trains.map((p) => p.name));
}

/** Names of all parameters and statistics of the frozen parts, in the network's order: what must keep its digest. */
export function frozenNames(network: Network, freeze: Freeze): string[] {
  return network.parameters.filter((p) => isFrozen(p.part, freeze)).map((p) => p.name);
}

function isFrozen(part: Part, freeze: Freeze): boolean {
  if (freeze === "none") return false;
  if (freeze === "backbone") return part.kind !== "classifier";
  if (freeze === "blocks") return part.kind === "block";
  return part.kind === "stem" || (part.kind === "block" && part.index <= freeze.upTo);
}

function checkUpTo(network: Network, upTo: number): void {
  const blocks = Math.max(...network.parameters.map(({ part }) => (part.kind === "block" ? part.index : 0)));
  if (Number.isInteger(upTo) && upTo >= 0 && upTo <= blocks) return;
  throw new LockstepError({
    code: "model-invalid",
    message: `freeze: upTo is ${upTo}, expected a whole number from 0 to ${blocks}, the number of blocks of ${network.family}`,
    next: `Set upTo to 0 to freeze the stem alone, to ${blocks} to freeze every block, or use "backbone".`,
  });
}
