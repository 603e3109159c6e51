// The small layers: image normalisation, global average pooling, dense and dropout.
import type { DenseOp, NormalizeOp, ValueShape } from "../../../model/network.ts";
import type { Graph, Tensor } from "../graph.ts";
import * as ops from "../raw-ops.ts";
import { pixelCount, type Layer, type LayerContext } from "./layer.ts";

/** (x / 255 - mean) / std as one factor and one offset a channel. @param images uint8 [B, H, W, 3] */
export function normalizeLayer({ graph }: LayerContext, op: NormalizeOp, images: Tensor): Layer {
  const factor = Float32Array.from(op.std, (std) => 1 / (255 * std));
  const offset = Float32Array.from(op.std, (std, channel) => -(op.mean[channel] as number) / std);
  const scaled = ops.binary(graph, "Mul", ops.castToFloat(graph, images), ops.constant(graph, factor, [3]));
  const output = ops.binary(graph, "AddV2", scaled, ops.constant(graph, offset, [3]));
  return { output, backward: () => null };
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
