// Batches for the network: samples in a seeded order, cut, resized and mirrored ahead of the step by the resampler's threads.
import { stream } from "../random.ts";
import type { Crops } from "./crops.ts";
import { cutImages } from "./cut-images.ts";
import type { Mix } from "./mix.ts";
import { mixImages } from "./pixel-threads.ts";
import type { Manifest, Prepared, Resampler } from "./sample.ts";

export interface Batch {
  /** uint8 RGB [B, sizePx, sizePx, 3] */
  readonly images: Uint8Array;
  /** Into manifest.samples. */
  readonly sampleIndices: readonly number[];
  readonly labels: readonly number[];
  /** What has mixed the images, and is to mix the labels. */
  readonly mixes: readonly Mix[];
}

export interface BatchesInput {
  readonly prepared: Prepared;
  readonly manifest: Manifest;
  /** Sample indices in the order in which they are wanted; the last batch is smaller where they do not divide. */
  readonly order: readonly number[];
  readonly batchSize: number;
  readonly crops: Crops;
  readonly sizePx: number;
  readonly resampler: Resampler;
  /** Mixes of the order's i-th batch, i from 0; absent: none. */
  readonly mixesOf?: (batch: number) => readonly Mix[];
}

/** Batches that are in the making while one is used: what bounds the memory. */
const AHEAD = 2;

/** The indices shuffled for an epoch. @param epoch from 1 */
export function epochOrder(indices: readonly number[], seed: number, epoch: number): number[] {
  return stream(seed, "order", epoch).shuffle([...indices]);
}

/** @example for await (const { images, labels } of batches({ prepared, manifest, order, batchSize: 32, crops, sizePx: 96, resampler })) */
export async function* batches(input: BatchesInput): AsyncGenerator<Batch, void, void> {
  const chunks = chunksOf(input.order, input.batchSize);
  const pending: Promise<Batch>[] = [];
  try {
    for (const [i, chunk] of chunks.entries()) {
      const batch = makeBatch(input, chunk, input.mixesOf?.(i) ?? []);
      batch.catch(() => undefined); // awaited below; meanwhile it is not an unhandled rejection
      pending.push(batch);
      if (pending.length > AHEAD) yield await (pending.shift() as Promise<Batch>);
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<Batch>);
  } finally {
    await Promise.allSettled(pending); // left early: the resampler is done with our memory before we return
  }
}

async function makeBatch(
  { prepared, manifest, crops, sizePx, resampler }: BatchesInput,
  sampleIndices: readonly number[],
  mixes: readonly Mix[],
): Promise<Batch> {
  let images = await cutImages({ prepared, resampler, jobs: crops(sampleIndices), sizePx });
  const { threads } = resampler;
  for (const mix of mixes) images = await mixImages(images, { sizePx, threads }, mix);
  const labels = sampleIndices.map((index) => manifest.samples[index]?.label as number);
  return { images, sampleIndices, labels, mixes };
}

function chunksOf(order: readonly number[], size: number): number[][] {
  const count = Math.ceil(order.length / size);
  return Array.from({ length: count }, (_, i) => order.slice(i * size, (i + 1) * size));
}
