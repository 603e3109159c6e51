// Where a training stands between two training batches: all that a checkpoint must hold beside the network's state.
import { FIRST_LINK } from "./chain.ts";

/** The best epoch so far, by validation loss. */
export interface Best {
  readonly epoch: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  /** File name in the folder of checkpoints. */
  readonly file: string;
}

/** Sums over the batches of an epoch. */
export interface EpochSums {
  /** Of each batch's mean loss times its samples. */
  readonly loss: number;
  readonly correct: number;
  readonly n: number;
  readonly durationMs: number;
}

export interface Standing {
  /** The epoch under way, from 1; epochs + 1 once all are done. */
  readonly epoch: number;
  /** Training batches done in it. */
  readonly batch: number;
  /** Steps since the optimizer began anew. */
  readonly optimizerStep: number;
  readonly chain: string;
  readonly sums: EpochSums;
  /** Digest of the state after the last whole epoch; null before. */
  readonly stateDigest: string | null;
  readonly validations: readonly { readonly loss: number; readonly accuracy: number }[];
  readonly best: Best | null;
}

export const NO_SUMS: EpochSums = { loss: 0, correct: 0, n: 0, durationMs: 0 };

export const BEGINNING: Standing = {
  epoch: 1,
  batch: 0,
  optimizerStep: 0,
  chain: FIRST_LINK,
  sums: NO_SUMS,
  stateDigest: null,
  validations: [],
  best: null,
};

/** Of each epoch's validation. */
export function valLosses({ validations }: Standing): number[] {
  return validations.map(({ loss }) => loss);
}
