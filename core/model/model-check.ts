// What cannot be built or run: settings of a network, and batches that leave a batch-norm one value a channel.
import { LockstepError } from "../errors.ts";
import type { MobilenetV3Settings } from "./mobilenet-v3.ts";
import type { Network } from "./network.ts";

/** @throws LockstepError "model-invalid" where a setting is outside its range */
export function checkMobilenetSettings(settings: MobilenetV3Settings): void {
  const { widthMult, classes, imageSizePx, dropout, batchNorm } = settings;
  const whole = Number.isInteger;
  expect("widthMult", widthMult, widthMult > 0 && widthMult <= 8, "a number above 0 and at most 8");
  expect("classes", classes, whole(classes) && classes >= 2 && classes <= 65536, "a whole number from 2 to 65536");
  const fits = whole(imageSizePx) && imageSizePx >= 32 && imageSizePx <= 512;
  expect("imageSizePx", imageSizePx, fits, "a whole number from 32 to 512");
  expect("dropout", dropout, dropout >= 0 && dropout < 1, "a number from 0 to below 1");
  expect("batchNorm.eps", batchNorm.eps, batchNorm.eps > 0 && batchNorm.eps <= 1, "a number above 0 and at most 1");
  const momentum = batchNorm.momentum;
  expect("batchNorm.momentum", momentum, momentum >= 0 && momentum <= 1, "a number from 0 to 1");
}

function expect(key: string, received: number, holds: boolean, expected: string): void {
  if (holds) return;
  throw new LockstepError({
    code: "model-invalid",
    message: `model: ${key} is ${received}, expected ${expected}`,
    next: `Set ${key} to ${expected}.`,
  });
}

/** Which batch-norms use the statistics of the batch; absent: all. */
export interface BatchNormUse {
  readonly trainable: ReadonlySet<string>;
  readonly frozenBatchNorm: "inference" | "update";
}

/**
 * Refuses a training batch so small that a batch-norm sees one value a channel: its variance is 0 and nothing could be learned.
 * @param batchSize images in the smallest batch that is trained on
 */
export function checkBatch(network: Network, batchSize: number, use?: BatchNormUse): void {
  for (const op of network.ops) {
    if (op.kind !== "batchNorm" || op.output.kind !== "map") continue;
    if (use !== undefined && use.frozenBatchNorm === "inference" && !use.trainable.has(op.weight)) continue;
    const values = batchSize * op.output.heightPx * op.output.widthPx;
    if (values > 1) continue;
    throw new LockstepError({
      code: "model-invalid",
      message: `batch-norm "${op.name}" would see ${values} value a channel (batch of ${batchSize}, map of ${op.output.heightPx} x ${op.output.widthPx}), expected at least 2`,
      next: "Take a batch size whose last batch has 2 images or more, or a larger imageSizePx.",
    });
  }
}
