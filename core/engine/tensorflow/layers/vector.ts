// The small layers: image normalisation, global average pooling, dense and dropout.
import type { DenseOp, NormalizeOp, ValueShape } from "../../../model/network.ts";
import type { Graph, Tensor } from "../graph.ts";
import * as ops from "../raw-ops.ts";
import { mapShape, pixelCount, type Layer, type LayerContext } from "./layer.ts";

/**
 * (x / 255 - mean) / std as one factor and one offset for each value of an image: TensorFlow is slow at spreading three values.
 * @param images uint8 [B, H, W, 3]
 */
export function normalizeLayer({ graph }: LayerContext, op: NormalizeOp, images: Tensor): Layer {
  const values = pixelCount(op.output) * 3;
  const spread = (ofChannel: (channel: number) => number) =>
    ops.constant(
      graph,
      Float32Array.from({ length: values }, (_, i) => ofChannel(i % 3)),
      [values],
    );
  const factor = spread((channel) => 1 / (255 * (op.std[channel] as number)));
  const offset = spread((channel) => -(op.mean[channel] as number) / (op.std[channel] as number));
  const rows = ops.castToFloat(graph, ops.reshape(graph, images, [-1, values])); // [B, H W 3]
  const normalised = ops.binary(graph, "AddV2", ops.binary(graph, "Mul", rows, factor), offset);
  return { output: ops.reshape(graph, normalised, mapShape(op.output)), backward: () => null };
}

/** @param x float32 [B, H, W, C] @returns output [B, C] */
export function averagePoolLayer({ graph }: LayerContext, input: ValueShape, x: Tensor): Layer {
  const pixels = pixelCount(input);
  const output = ops.reduce(graph, "Mean", x, [1, 2]);
  const backward = (gradient: Tensor) => {
    const share = ops.binary(graph, "Mul", gradient, ops.scalar(graph, 1 / pixels));
    return ops.broadcastTo(graph, ops.reshape(graph, share, [-1, 1, 1, input.channels]), ops.shape(graph, x));
  };
  return { output, backward };
}

/** x W^T + b. @param x float32 [B, in] */
export function denseLayer(context: LayerContext, op: DenseOp, x: Tensor): Layer {
  const { graph } = context;
  const weight = context.read(op.weight); // [out, in]
  const output = ops.biasAdd(graph, ops.matMul(graph, x, weight, { b: true }), context.read(op.bias));
  const backward = (gradient: Tensor, wantsInput: boolean) => {
    if (context.trains(op.weight)) context.setGradient(op.weight, ops.matMul(graph, gradient, x, { a: true }));
    if (context.trains(op.bias)) context.setGradient(op.bias, ops.biasAddGrad(graph, gradient));
    return wantsInput ? ops.matMul(graph, gradient, weight) : null;
  };
  return { output, backward };
}

/** @param mask float32 [B, F]: 0 or 1 / (1 - rate) */
export function dropoutLayer(graph: Graph, x: Tensor, mask: Tensor): Layer {
  const output = ops.binary(graph, "Mul", x, mask);
  return { output, backward: (gradient) => ops.binary(graph, "Mul", gradient, mask) };
}
