// Which part of the network trains in which epoch: a run's freeze schedule, stage by stage.
import type { Freeze, FreezeStage, Settings } from "../experiment/settings.ts";
import { trainableParameters } from "../model/freeze.ts";
import type { Network } from "../model/network.ts";

export interface Stage {
  readonly freeze: Freeze;
  readonly lr: number;
  readonly firstEpoch: number;
  readonly trainable: ReadonlySet<string>;
  /**
   * Whether the optimizer begins anew with this epoch: where other parameters train than in the epoch before, the moments start at
   * zero and the step count at 1, since one count serves the bias correction of all parameters.
   */
  readonly freshOptimizer: boolean;
}

/** The stage of an epoch. The last stage lasts to the end, whatever its length. @param epoch from 1 */
export function stageOf(settings: Settings, network: Network, epoch: number): Stage {
  const { part, lr, firstEpoch } = entryOf(settings, epoch);
  const trainable = trainableParameters(network, part);
  const before = epoch === 1 ? null : trainableParameters(network, entryOf(settings, epoch - 1).part);
  return { freeze: part, lr: lr ?? settings.lr, firstEpoch, trainable, freshOptimizer: !sameNames(before, trainable) };
}

/** The epoch with which the schedule's last stage begins. */
export function lastStageStart(freeze: Settings["freeze"]): number {
  return 1 + freeze.slice(0, -1).reduce((sum, { epochs }) => sum + (epochs ?? Infinity), 0);
}

function entryOf({ freeze }: Settings, epoch: number): FreezeStage & { readonly firstEpoch: number } {
  let firstEpoch = 1;
  for (const stage of freeze.slice(0, -1)) {
    const next = firstEpoch + (stage.epochs ?? Infinity);
    if (epoch < next) return { ...stage, firstEpoch };
    firstEpoch = next;
  }
  return { ...(freeze[freeze.length - 1] ?? { part: "none" }), firstEpoch };
}

function sameNames(a: ReadonlySet<string> | null, b: ReadonlySet<string>): boolean {
  return a !== null && a.size === b.size && [...a].every((name) => b.has(name));
}
