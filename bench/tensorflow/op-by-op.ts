// The same library without our graph: the network written with tf.* functions and trained by tfjs's own autodiff and Adam, which is
// what one does with @tensorflow/tfjs-node-gpu today. Batch-norm is tf.moments and tf.batchNorm, as tfjs has no fused one to train with.
import { loadLibrary } from "../../core/engine/tensorflow/library.ts";
import { requireInstallation } from "../../core/engine/tensorflow/installation.ts";
import { toVariable, variableShape } from "../../core/engine/tensorflow/layout.ts";
import { trainableParameters } from "../../core/model/freeze.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { BatchNormOp, Network, Op, SqueezeExciteOp } from "../../core/model/network.ts";
import { BATCH_SIZE, CLASSES, readArguments, timeSteps } from "./timing.ts";

/** The few functions of tfjs that are used here; the package brings no types that this repository could load without it. */
interface T {
  readonly shape: number[];
  dataSync(): Float32Array;
  dispose(): void;
}
type Fn = (...args: unknown[]) => T;
interface Tf extends Record<string, unknown> {
  tidy<R>(run: () => R): R;
  variableGrads(loss: () => T, variables: T[]): { value: T; grads: Record<string, T> };
  train: { adam(lr: number): { applyGradients(grads: Record<string, T>): void } };
}

const { sizePx, mode, threads } = readArguments();
const tf = loadLibrary(requireInstallation(), threads).tf as unknown as Tf;
const call = (name: string, ...args: unknown[]) => (tf[name] as Fn)(...args);
const size = { size: "large", layout: "torchvision", widthMult: 1, imageSizePx: sizePx } as const;
const network = mobilenetV3({ ...size, classes: CLASSES, dropout: 0, batchNorm: { eps: 1e-3, momentum: 0.01 } });
const trainable = trainableParameters(network, mode === "frozen" ? "backbone" : "none");
const values = initialState(network, 0);
const weights = new Map(network.parameters.map((parameter) => [parameter.name, makeWeight(parameter)]));
const images = call("randomUniform", [BATCH_SIZE, sizePx, sizePx, 3], -2, 2);
const targets = call(
  "oneHot",
  call(
    "tensor1d",
    Array.from({ length: BATCH_SIZE }, (_, i) => i % CLASSES),
    "int32",
  ),
  CLASSES,
);
const adam = tf.train.adam(1e-3);

await timeSteps(async () => step());

function step(): number {
  const features = mode === "frozen" ? tf.tidy(() => forward(network.ops.filter(isBackbone), images)) : images;
  const rest = mode === "frozen" ? network.ops.filter((op) => !isBackbone(op)) : network.ops;
  const variables = [...trainable].map((name) => weights.get(name) as T);
  const softmax = (tf["losses"] as Record<string, Fn>)["softmaxCrossEntropy"] as Fn;
  const { value, grads } = tf.variableGrads(() => softmax(targets, forward(rest, features)), variables);
  adam.applyGradients(grads);
  const loss = value.dataSync()[0] as number;
  value.dispose();
  for (const gradient of Object.values(grads)) gradient.dispose();
  if (features !== images) features.dispose();
  return loss;
}

function isBackbone(op: Op): boolean {
  return op.part.kind !== "classifier";
}

function makeWeight(parameter: Network["parameters"][number]): T {
  const array = toVariable(parameter, values.get(parameter.name) as Float32Array);
  const tensor = call("tensor", array, variableShape(parameter));
  return call("variable", tensor, trainable.has(parameter.name), parameter.name);
}

function forward(ops: readonly Op[], input: T): T {
  const made = new Map<string, T>([[ops[0]?.input ?? "image", input]]);
  let last = input;
  for (const op of ops) {
    last = apply(op, made.get(op.input) as T, made);
    made.set(op.name, last);
  }
  return last;
}

function apply(op: Op, x: T, made: ReadonlyMap<string, T>): T {
  const weight = (name: string) => weights.get(name) as T;
  switch (op.kind) {
    case "normalize": // the images are normalised already
    case "dropout":
      return x;
    case "conv":
      return call("conv2d", x, weight(op.weight), op.stride, "same");
    case "depthwiseConv":
      return call("depthwiseConv2d", x, weight(op.weight), op.stride, "same");
    case "batchNorm":
      return batchNorm(op, x);
    case "activation":
      return op.activation === "relu" ? call("relu", x) : call("mul", x, hardSigmoid(x));
    case "squeezeExcite":
      return squeezeExcite(op, x);
    case "add":
      return call("add", x, made.get(op.shortcut));
    case "globalAveragePool":
      return call("mean", x, [1, 2]);
    case "dense":
      return call("add", call("matMul", x, weight(op.weight), false, true), weight(op.bias));
  }
}

function batchNorm(op: BatchNormOp, x: T): T {
  const affine = [weights.get(op.bias), weights.get(op.weight), op.eps];
  if (!trainable.has(op.weight))
    return call("batchNorm", x, weights.get(op.runningMean), weights.get(op.runningVar), ...affine);
  const { mean, variance } = call("moments", x, [0, 1, 2]) as unknown as { mean: T; variance: T };
  return call("batchNorm", x, mean, variance, ...affine);
}

function squeezeExcite(op: SqueezeExciteOp, x: T): T {
  const dense = (input: T, weight: string, bias: string | null) => {
    const matrix = weights.get(weight) as T; // [1, 1, in, out]
    const product = call("matMul", input, call("reshape", matrix, matrix.shape.slice(2)));
    return bias === null ? product : call("add", product, weights.get(bias));
  };
  const squeezed = call("relu", dense(call("mean", x, [1, 2]), op.weight1, op.bias1));
  const gate = hardSigmoid(dense(squeezed, op.weight2, op.bias2));
  return call("mul", x, call("reshape", gate, [-1, 1, 1, op.channels]));
}

function hardSigmoid(x: T): T {
  return call("mul", call("relu6", call("add", x, 3)), 1 / 6);
}
