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
  const mask = new Float32Array(images * op.output.channels);
  fillMask(mask, stream(seed, "dropout", epoch, batch), op.rate);
  return mask;
}

/** Drops by one random byte; where that alone does not decide, by 24 bits more. A plain loop: it runs before each step. */
function fillMask(mask: Float32Array, random: Stream, rate: number): void {
  const first = Math.floor(rate * 256);
  const rest = (rate * 256 - first) * 16777216; // of 2^24
  const kept = 1 / (1 - rate);
  const byByte = Float32Array.from({ length: 256 }, (_, byte) => (byte < first ? 0 : kept));
  let word = 0;
  for (let i = 0; i < mask.length; i++, word >>>= 8) {
    if ((i & 3) === 0) word = random.uint32();
    const byte = word & 255;
    mask[i] = byte === first && random.uint32() >>> 8 < rest ? 0 : (byByte[byte] as number);
  }
}
