// Stored predictions as the metrics take them, and whether one follows from its own logits.
import type { StoredPrediction } from "../store/index.ts";
import { argmax, softmax } from "../train/cross-entropy.ts";
import type { Predictions } from "../train/contract.ts";

export function columnsOf(predictions: readonly StoredPrediction[]): Predictions {
  return {
    sampleIds: predictions.map(({ sampleId }) => sampleId),
    labels: predictions.map(({ label }) => label),
    predicted: predictions.map(({ predicted }) => predicted),
    logits: predictions.map(({ logits }) => logits),
    probabilities: predictions.map(({ probabilities }) => probabilities),
  };
}

/** The largest logit is predicted, and the probabilities are the softmax to the bit. */
export function followsFromLogits({ logits, predicted, probabilities }: StoredPrediction): boolean {
  return argmax(logits) === predicted && sameNumbers(softmax(logits), probabilities);
}

export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
