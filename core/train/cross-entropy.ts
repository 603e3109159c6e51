// Softmax and cross-entropy in double precision out of exact functions: the same bits everywhere.
import { exp, log } from "../exact-math.ts";

/** @param logits [K] @returns probabilities [K] */
export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const exponentials = logits.map((x) => exp(x - largest));
  const total = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((e) => e / total);
}

/** -log softmax(logits)[label]. @param logits [K] */
export function crossEntropy(logits: readonly number[], label: number): number {
  const largest = Math.max(...logits);
  const total = logits.reduce((sum, x) => sum + exp(x - largest), 0);
  return log(total) - ((logits[label] as number) - largest);
}

/** Index of the largest value; the first one wins a tie. */
export function argmax(values: readonly number[]): number {
  let best = 0;
  values.forEach((value, i) => {
    if (value > (values[best] as number)) best = i;
  });
  return best;
}
