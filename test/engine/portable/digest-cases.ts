// Trainings of a few steps whose digest may depend on nothing but the case: what same-bits tests compare over kernels, threads,
// processors and versions of Node.
import { createHash } from "node:crypto";
import type { Batch, Engine } from "../../../core/engine/engine.ts";
import { trainableParameters, type Freeze } from "../../../core/model/freeze.ts";
import { mobilenetV3 } from "../../../core/model/mobilenet-v3.ts";
import type { Network } from "../../../core/model/network.ts";
import { formulaDropoutMask, formulaImages, formulaState, formulaTargets } from "../../model/formula-state.ts";

export interface DigestCase {
  readonly size: "large" | "small";
  readonly widthMult: number;
  readonly classes: number;
  readonly sizePx: number;
  readonly freeze: Freeze;
  /** Images in each step's batch; the largest is compiled for. */
  readonly batches: readonly number[];
}

const ADAM = { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 } as const;
const LR = 1e-3;

export function describeDigestCase({ size, widthMult, classes, sizePx, freeze, batches }: DigestCase): string {
  return `${size}, width ${widthMult}, ${classes} classes, ${sizePx} px, frozen: ${JSON.stringify(freeze)}, batches of ${batches.join(", ")}`;
}

/** Digest of losses, weights, statistics, moments and logits. */
export async function digestOf(engine: Engine, one: DigestCase): Promise<string> {
  const { size, widthMult, classes, sizePx, freeze, batches } = one;
  const network = mobilenetV3({
    ...{ size, layout: "torchvision", widthMult, classes, imageSizePx: sizePx, dropout: 0.2 },
    batchNorm: { eps: 1e-3, momentum: 0.1 },
  });
  const program = await engine.compile(network, {
    batchSize: Math.max(...batches),
    trainable: trainableParameters(network, freeze),
    frozenBatchNorm: "inference",
    optimizer: ADAM,
    purpose: "training",
  });
  await program.load(formulaState(network));
  const hash = createHash("sha256");
  for (const [i, count] of batches.entries()) {
    const { loss, correct } = await program.trainStep(batchOf(network, count), { lr: LR, step: i + 1 });
    if (!Number.isFinite(loss)) throw new Error(`${describeDigestCase(one)}: the loss of step ${i + 1} is ${loss}`);
    hash.update(`${loss} ${correct}\n`);
  }
  for (const [name, values] of await program.save()) hash.update(name).update(bytesOf(values));
  hash.update(bytesOf(await program.evaluate(formulaImages(batches[0] ?? 1, sizePx))));
  program.dispose();
  return hash.digest("hex");
}

function batchOf(network: Network, count: number): Batch {
  const features = network.ops.find((op) => op.kind === "dropout")?.output.channels ?? 0;
  return {
    images: formulaImages(count, network.imageSizePx),
    targets: formulaTargets(count, network.classes, 0.1),
    dropoutMask: formulaDropoutMask(count, features, 0.2),
  };
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
