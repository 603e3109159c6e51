// Our contender: the tensorflow engine as a run uses it, uint8 images in, Adam, dropout mask of ones.
import { createTensorflowEngine } from "../../core/engine/tensorflow/index.ts";
import { trainableParameters } from "../../core/model/freeze.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import { stream } from "../../core/random.ts";
import { BATCH_SIZE, CLASSES, readArguments, timeSteps } from "./timing.ts";

const { sizePx, mode, threads } = readArguments();
const size = { size: "large", layout: "torchvision", widthMult: 1, imageSizePx: sizePx } as const;
const network = mobilenetV3({ ...size, classes: CLASSES, dropout: 0.2, batchNorm: { eps: 1e-3, momentum: 0.01 } });
const engine = await createTensorflowEngine({ threads });
const program = await engine.compile(network, {
  batchSize: BATCH_SIZE,
  trainable: trainableParameters(network, mode === "frozen" ? "backbone" : "none"),
  frozenBatchNorm: "inference",
  optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 },
  purpose: "training",
});
await program.load(initialState(network, 0));
const random = stream(0, "bench");
const images = Uint8Array.from({ length: BATCH_SIZE * sizePx * sizePx * 3 }, () => random.integer(256));
const targets = Float32Array.from({ length: BATCH_SIZE * CLASSES }, (_, i) => ((i >> 1) % 2 === i % 2 ? 1 : 0));
await timeSteps((step) => program.trainStep({ images, targets }, { lr: 1e-3, step }));
program.dispose();
await engine.close();
