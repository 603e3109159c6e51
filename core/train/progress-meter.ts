// Tells how far a training is, batch by batch.
import type { TrainInput, TrainProgress } from "./contract.ts";
import type { Standing } from "./standing.ts";

type Counted = Pick<TrainProgress, "phase" | "epoch" | "batch" | "batches" | "loss" | "accuracy" | "lr"> & {
  /** Images and milliseconds of this phase in this epoch so far. */
  readonly images: number;
  readonly ms: number;
};

export class ProgressMeter {
  private readonly input: TrainInput;
  private readonly totalBatches: number;
  private doneBatches: number;

  constructor(input: TrainInput, standing: Standing) {
    const { train, val, test } = input.data.split;
    const batchesOf = (samples: readonly number[]) => Math.ceil(samples.length / input.settings.batchSize);
    const perEpoch = batchesOf(train) + batchesOf(val);
    this.input = input;
    const { epochs } = input.settings;
    const pause = input.pauseAfterEpoch ?? epochs;
    this.totalBatches = pause < epochs ? pause * perEpoch : epochs * perEpoch + batchesOf(test);
    this.doneBatches = (standing.epoch - 1) * perEpoch + standing.batch;
  }

  batchDone(counted: Counted, validations: Standing["validations"]): void {
    this.doneBatches++;
    const { images, ms, ...shown } = counted;
    const latest = validations[validations.length - 1];
    this.input.onProgress?.({
      ...shown,
      epochs: this.input.settings.epochs,
      doneBatches: this.doneBatches,
      totalBatches: this.totalBatches,
      valLoss: latest?.loss ?? null,
      valAccuracy: latest?.accuracy ?? null,
      imagesPerSecond: ms > 0 ? (images * 1000) / ms : 0,
    });
  }
}
