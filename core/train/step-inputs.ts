// What a training step needs beside its images: target rows and the dropout mask. Both are made outside the engine, so that all
// engines see the same bits.
import type { Batch } from "../engine/engine.ts";
import type { Network } from "../model/network.ts";
import { stream, type Stream } from "../random.ts";

/** float32 [B, K]: 1 at the label, else 0. */
export function oneHotRows(labels: readonly number[], classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, b) => (rows[b * classes + label] = 1));
  return rows;
}

export interface TargetOptions {
  readonly classes: number;
  /** Label smoothing, 0 to 1. */
  readonly smoothing: number;
  /** One a class, or null: all 1. */
  readonly classWeights: readonly number[] | null;
}

/**
 * Targets and sample weights of a step. Of one-hot rows they make the loss of PyTorch's CrossEntropyLoss(weight, label_smoothing):
 * each class's term times its weight, divided by the sum of the labels' weights. A mixed row weighs what its shares weigh.
 * @param rows float32 [B, K], each sums to 1 @returns float32 [B, K], and [B] where classes have weights
 */
export function stepTargets(
  rows: Float32Array,
  { classes, smoothing, classWeights }: TargetOptions,
): Pick<Batch, "targets" | "sampleWeights"> {
  const targets = rows.map((share) => (1 - smoothing) * share + smoothing / classes);
  if (classWeights === null) return { targets };
  const weigh = (share: number, i: number) => share * (classWeights[i % classes] as number);
  const sampleWeights = new Float32Array(rows.length / classes);
  const weighed = rows.map(weigh);
  weighed.forEach((part, i) => {
    const b = Math.floor(i / classes);
    sampleWeights[b] = (sampleWeights[b] as number) + part;
  });
  return {
    targets: targets.map((share, i) => weigh(share, i) / (sampleWeights[Math.floor(i / classes)] as number)),
    sampleWeights,
  };
}

export interface MaskPosition {
  readonly seed: number;
  readonly epoch: number;
  readonly batch: number;
  /** Images in the batch. */
  readonly images: number;
}

/** float32 [B, F]: 0 with probability `rate`, else 1 / (1 - rate); undefined where the network drops nothing. */
export function dropoutMask(network: Network, { seed, epoch, batch, images }: MaskPosition): Float32Array | undefined {
  const op = network.ops.find((candidate) => candidate.kind === "dropout");
  if (op === undefined || op.rate === 0) return undefined;
  const drops = bernoulli(stream(seed, "dropout", epoch, batch), op.rate);
  const kept = 1 / (1 - op.rate);
  const mask = new Float32Array(images * op.output.channels);
  for (let i = 0; i < mask.length; i++) mask[i] = drops() ? 0 : kept;
  return mask;
}

/** True with the given probability, out of one random byte; where that alone does not decide, 24 bits more. */
function bernoulli(random: Stream, probability: number): () => boolean {
  const first = Math.floor(probability * 256);
  const rest = (probability * 256 - first) * 16777216; // of 2^24
  let word = 0;
  let bytes = 0;
  return () => {
    if (bytes === 0) {
      word = random.uint32();
      bytes = 4;
    }
    const byte = word & 255;
    word >>>= 8;
    bytes--;
    return byte < first || (byte === first && random.uint32() >>> 8 < rest);
  };
}
