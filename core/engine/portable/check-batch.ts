// What a batch must be like, checked where it enters the engine.
import { LockstepError } from "../../errors.ts";
import type { BatchNormOp, Network } from "../../model/network.ts";
import type { Batch, CompileOptions } from "../engine.ts";

/** @returns the number of images */
export function checkImages(images: Uint8Array, network: Network, batchSize: number): number {
  const bytes = network.imageSizePx * network.imageSizePx * 3;
  const count = images.length / bytes;
  if (Number.isInteger(count) && count >= 1 && count <= batchSize) return count;
  const expected = `1 to ${batchSize} images of ${network.imageSizePx} x ${network.imageSizePx} x 3 bytes`;
  throw invalid(`${images.length} bytes of images, expected ${expected}`);
}

/** @param width numbers of an image @returns the number of images */
export function checkFeatures(features: Float32Array, width: number, batchSize: number): number {
  const count = features.length / width;
  if (Number.isInteger(count) && count >= 1 && count <= batchSize) return count;
  throw invalid(`${features.length} features, expected ${width} for each of 1 to ${batchSize} images`);
}

/** @param maskWidth features that dropout masks @returns the number of images */
export function checkBatch(batch: Batch, network: Network, maskWidth: number, options: CompileOptions): number {
  const count = checkImages(batch.images, network, options.batchSize);
  checkTargets(batch, count, network.classes, maskWidth);
  checkNorms(network, options, count);
  return count;
}

export function checkTargets(batch: Omit<Batch, "images">, count: number, classes: number, maskWidth: number): void {
  expectLength("targets", batch.targets, count * classes);
  if (batch.sampleWeights !== undefined) checkWeights(batch.sampleWeights, count);
  if (batch.dropoutMask !== undefined) expectLength("dropoutMask", batch.dropoutMask, count * maskWidth);
}

function checkWeights(weights: Float32Array, count: number): void {
  expectLength("sampleWeights", weights, count);
  if (!(weights.reduce((sum, weight) => sum + weight, 0) > 0)) throw invalid("sample weights whose sum is not above 0");
}

/** A batch-norm cannot use the batch's statistics of one value a channel. */
function checkNorms(network: Network, { trainable, frozenBatchNorm }: CompileOptions, count: number): void {
  const usesBatch = (op: BatchNormOp): boolean =>
    frozenBatchNorm === "update" || trainable.has(op.weight) || trainable.has(op.bias);
  const isSingle = ({ output }: BatchNormOp): boolean =>
    output.kind === "map" && count * output.heightPx * output.widthPx === 1;
  const single = network.ops.find((op) => op.kind === "batchNorm" && usesBatch(op) && isSingle(op));
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
