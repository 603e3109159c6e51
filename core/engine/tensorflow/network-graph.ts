// A network's ops, written one after another into a graph, and the backward pass behind them in reverse order.
// Backward goes only where it must: to trainable parameters, and through values that a trainable parameter stands before.
import type { BatchNormOp, Network, Op, ValueShape } from "../../model/network.ts";
import type { Tensor } from "./graph.ts";
import { activationLayer } from "./layers/activation.ts";
import { batchNormLayer, frozenBatchNormLayer } from "./layers/batch-norm.ts";
import { convLayer, foldedConvLayer } from "./layers/conv.ts";
import type { Layer, LayerContext } from "./layers/layer.ts";
import { squeezeExciteLayer } from "./layers/squeeze-excite.ts";
import { averagePoolLayer, denseLayer, dropoutLayer, normalizeLayer } from "./layers/vector.ts";
import * as ops from "./raw-ops.ts";

export interface NetworkInputs {
  /** uint8 [B, H, W, 3] */
  readonly images: Tensor;
  /** float32 [B, F]; null: no dropout. */
  readonly dropoutMask: Tensor | null;
}

export interface NetworkGraph {
  /** float32 [B, K] */
  readonly logits: Tensor;
  /** Writes the backward pass. @param gradient of the logits, float32 [B, K] */
  readonly backward: (gradient: Tensor) => void;
}

interface Step {
  readonly op: Op;
  readonly layer: Layer;
  /** Where the layer's input comes from; not `op.input` where a batch-norm was folded into its convolution. */
  readonly input: string;
}

/** @param usesBatch whether a batch-norm takes the statistics of the batch */
export function writeNetwork(
  context: LayerContext,
  network: Network,
  inputs: NetworkInputs,
  usesBatch: (op: BatchNormOp) => boolean,
): NetworkGraph {
  const values = new Map<string, Tensor>([["image", inputs.images]]);
  const shapes = new Map(network.ops.map((op) => [op.name, op.output]));
  const folded = foldedNorms(context, network, usesBatch);
  const steps: Step[] = [];
  for (const op of network.ops) {
    if (op.kind === "batchNorm" && folded.has(op.input)) continue; // written with its convolution
    const norm = folded.get(op.name) ?? null;
    const spec = { op, norm, values, inputs, usesBatch, inputShape: shapes.get(op.input) ?? op.output };
    const layer = context.graph.within(op.name, () => writeLayer(context, spec));
    const name = norm?.name ?? op.name;
    values.set(name, layer.output);
    steps.push({ op: norm === null ? op : { ...op, name }, layer, input: op.input });
  }
  const logits = valueOf(values, network.ops.at(-1)?.name ?? "image");
  return { logits, backward: (gradient) => writeBackward(context, steps, gradient) };
}

interface LayerSpec {
  readonly op: Op;
  /** The batch-norm to fold into this convolution. */
  readonly norm: BatchNormOp | null;
  readonly values: ReadonlyMap<string, Tensor>;
  readonly inputs: NetworkInputs;
  readonly usesBatch: (op: BatchNormOp) => boolean;
  readonly inputShape: ValueShape;
}

function writeLayer(context: LayerContext, spec: LayerSpec): Layer {
  const { op, norm, values, inputs, usesBatch, inputShape } = spec;
  const { graph } = context;
  const x = valueOf(values, op.input);
  switch (op.kind) {
    case "normalize":
      return normalizeLayer(context, op, x);
    case "conv":
    case "depthwiseConv":
      return norm === null
        ? convLayer(context, { op, norm, x, inputShape })
        : foldedConvLayer(context, { op, norm, x, inputShape });
    case "batchNorm":
      return usesBatch(op) ? batchNormLayer(context, op, x) : frozenBatchNormLayer(context, op, x);
    case "activation":
      return activationLayer(context, op.activation, x);
    case "squeezeExcite":
      return squeezeExciteLayer(context, op, x);
    case "add": // its two gradients are handled by the walk backward
      return { output: ops.binary(graph, "AddV2", x, valueOf(values, op.shortcut)), backward: (gradient) => gradient };
    case "globalAveragePool":
      return averagePoolLayer(context, inputShape, x);
    case "dense":
      return denseLayer(context, op, x);
    case "dropout":
      return inputs.dropoutMask === null
        ? { output: x, backward: (gradient) => gradient }
        : dropoutLayer(graph, x, inputs.dropoutMask);
  }
}

/** Batch-norms with running statistics whose convolution is frozen and feeds nothing else, by the convolution's name. */
function foldedNorms(
  context: LayerContext,
  network: Network,
  usesBatch: (op: BatchNormOp) => boolean,
): Map<string, BatchNormOp> {
  const folded = new Map<string, BatchNormOp>();
  for (const norm of network.ops) {
    if (norm.kind !== "batchNorm" || usesBatch(norm)) continue;
    const source = network.ops.find((op) => op.name === norm.input);
    if (source?.kind !== "conv" && source?.kind !== "depthwiseConv") continue;
    const consumers = network.ops.filter((op) => inputsOf(op).includes(source.name));
    if (!context.trains(source.weight) && consumers.length === 1) folded.set(source.name, norm);
  }
  return folded;
}

function writeBackward(context: LayerContext, steps: readonly Step[], gradientOfLogits: Tensor): void {
  const wanted = wantedValues(context, steps);
  const gradients = new Map<string, Tensor>();
  const give = (value: string, gradient: Tensor) => {
    const earlier = gradients.get(value);
    gradients.set(value, earlier === undefined ? gradient : ops.binary(context.graph, "AddV2", earlier, gradient));
  };
  const last = steps.at(-1);
  if (last !== undefined) give(last.op.name, gradientOfLogits);
  for (const { op, layer, input } of [...steps].reverse()) {
    const gradient = gradients.get(op.name);
    if (gradient === undefined || !wanted.has(op.name)) continue;
    const ofInput = context.graph.within(op.name, () => layer.backward(gradient, wanted.has(input)));
    if (ofInput !== null && wanted.has(input)) give(input, ofInput);
    if (op.kind === "add" && wanted.has(op.shortcut)) give(op.shortcut, gradient);
  }
}

/** Values that a trainable parameter stands before, or in the op of which one stands. */
function wantedValues(context: LayerContext, steps: readonly Step[]): Set<string> {
  const wanted = new Set<string>();
  for (const { op, input } of steps) {
    const before = wanted.has(input) || (op.kind === "add" && wanted.has(op.shortcut));
    if (before || parametersOf(op).some(context.trains)) wanted.add(op.name);
  }
  return wanted;
}

function inputsOf(op: Op): string[] {
  return op.kind === "add" ? [op.input, op.shortcut] : [op.input];
}

function parametersOf(op: Op): string[] {
  switch (op.kind) {
    case "conv":
    case "depthwiseConv":
      return [op.weight];
    case "batchNorm":
    case "dense":
      return [op.weight, op.bias];
    case "squeezeExcite":
      return [op.weight1, op.bias1, op.weight2, op.bias2].filter((name) => name !== null);
    default:
      return [];
  }
}

function valueOf(values: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const value = values.get(name);
  if (value === undefined) throw new TypeError(`network: no op before its use makes the value "${name}"`);
  return value;
}
