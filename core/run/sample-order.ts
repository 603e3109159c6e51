// Which samples a batch held: training in the seeded order of its epoch, evaluation in the split's order.
import { epochOrder } from "../data/index.ts";
import type { Manifest, Split } from "../data/sample.ts";
import type { Phase } from "../train/recorder.ts";

export interface SampleOrder {
  readonly manifest: Manifest;
  readonly split: Split;
  readonly seed: number;
  readonly batchSize: number;
}

/** By phase, epoch and batch, all from 1; one epoch's order is kept at a time. */
export function sampleOrder({
  manifest,
  split,
  seed,
  batchSize,
}: SampleOrder): (phase: Phase, epoch: number, batch: number) => string[] {
  let kept: { readonly key: string; readonly order: readonly number[] } | null = null;
  return (phase, epoch, batch) => {
    const key = `${phase} ${epoch}`;
    if (kept?.key !== key)
      kept = { key, order: phase === "train" ? epochOrder(split.train, seed, epoch) : split[phase] };
    const indices = kept.order.slice((batch - 1) * batchSize, batch * batchSize);
    return indices.map((index) => manifest.samples[index]?.id ?? `#${index}`);
  };
}
