// What a batch must be like, checked where it enters the engine.
import { LockstepError } from "../../errors.ts";
import type { Network } from "../../model/network.ts";
import type { Batch } from "../engine.ts";
import type { Stages } from "./stages.ts";

/** @returns the number of images */
export function checkImages(images: Uint8Array, network: Network, batchSize: number): number {
  const bytes = network.imageSizePx * network.imageSizePx * 3;
  const count = images.length / bytes;
  if (Number.isInteger(count) && count >= 1 && count <= batchSize) return count;
  const expected = `1 to ${batchSize} images of ${network.imageSizePx} x ${network.imageSizePx} x 3 bytes`;
  throw invalid(`${images.length} bytes of images, expected ${expected}`);
}

/** @returns the number of images */
export function checkBatch(batch: Batch, network: Network, stages: Stages, batchSize: number): number {
  const count = checkImages(batch.images, network, batchSize);
  expectLength("targets", batch.targets, count * network.classes);
  if (batch.sampleWeights !== undefined) checkWeights(batch.sampleWeights, count);
  const dropped = stages.head.find((layer) => layer.dropout);
  if (batch.dropoutMask !== undefined)
    expectLength("dropoutMask", batch.dropoutMask, count * (dropped?.dense.outFeatures ?? 0));
  checkNorms(network, count);
  return count;
}

function checkWeights(weights: Float32Array, count: number): void {
  expectLength("sampleWeights", weights, count);
  if (!(weights.reduce((sum, weight) => sum + weight, 0) > 0)) throw invalid("sample weights whose sum is not above 0");
}

/** A batch-norm cannot train on one value a channel. */
function checkNorms(network: Network, count: number): void {
  const single = network.ops.find(
    (op) => op.kind === "batchNorm" && op.output.kind === "map" && count * op.output.heightPx * op.output.widthPx === 1,
  );
  if (single === undefined) return;
  throw new LockstepError({
    code: "model-invalid",
    message: `batch-norm ${single.name} sees one value a channel: one image of ${network.imageSizePx} px is a map of 1 x 1 there`,
    next: "Use a batch size of at least 2 that leaves no last batch of 1, or larger images.",
  });
}

function expectLength(name: string, values: Float32Array, expected: number): void {
  if (values.length !== expected) throw invalid(`${name} of ${values.length} numbers, expected ${expected}`);
}

function invalid(what: string): LockstepError {
  return new LockstepError({ code: "internal", message: `engine portable: a batch has ${what}` });
}
