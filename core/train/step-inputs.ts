// What a training step needs beside its images: target rows and the dropout mask. Both are made outside the engine, so that all
// engines see the same bits.
import type { Network } from "../model/network.ts";
import { stream, type Stream } from "../random.ts";

/** float32 [B, K]: smoothing / K everywhere and 1 - smoothing more at the label, as in PyTorch's CrossEntropyLoss. */
export function targetRows(labels: readonly number[], classes: number, smoothing: number): Float32Array {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  labels.forEach((label, b) => (targets[b * classes + label] = 1 - smoothing + smoothing / classes));
  return targets;
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
