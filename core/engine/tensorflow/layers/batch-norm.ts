// Batch-norm. With the batch's statistics it is FusedBatchNormV3, whose averaged variance is the unbiased one, as PyTorch's is;
// with running statistics it is one scale and one offset a channel.
import type { BatchNormOp } from "../../../model/network.ts";
import type { Tensor } from "../graph.ts";
import * as ops from "../raw-ops.ts";
import type { Layer, LayerContext } from "./layer.ts";

/** With the statistics of the batch; the running ones move on. @param x float32 [B, H, W, C] */
export function batchNormLayer(context: LayerContext, op: BatchNormOp, x: Tensor): Layer {
  const { graph } = context;
  const scale = context.read(op.weight);
  const statistics = { mean: context.read(op.runningMean), variance: context.read(op.runningVar) };
  const inputs = { x, scale, offset: context.read(op.bias), ...statistics };
  const forward = ops.batchNorm(graph, inputs, { epsilon: op.eps, averageFactor: op.momentum });
  const [output, mean, variance] = forward as [Tensor, Tensor, Tensor];
  context.setStatistic(op.runningMean, mean);
  context.setStatistic(op.runningVar, variance);
  const backward = (gradient: Tensor, wantsInput: boolean) => {
    const gradients = ops.batchNormGrad(graph, { gradient, x, scale, forward }, op.eps);
    const [ofInput, ofScale, ofOffset] = gradients as [Tensor, Tensor, Tensor];
    if (context.trains(op.weight)) context.setGradient(op.weight, ofScale);
    if (context.trains(op.bias)) context.setGradient(op.bias, ofOffset);
    return wantsInput ? ofInput : null;
  };
  return { output, backward };
}

/** With the running statistics; nothing of it trains. @param x float32 [B, H, W, C] */
export function frozenBatchNormLayer(context: LayerContext, op: BatchNormOp, x: Tensor): Layer {
  const { graph } = context;
  const { scale, offset } = frozenScale(context, op);
  const output = ops.binary(graph, "AddV2", ops.binary(graph, "Mul", x, scale), offset);
  const backward = (gradient: Tensor, wantsInput: boolean) =>
    wantsInput ? ops.binary(graph, "Mul", gradient, scale) : null;
  return { output, backward };
}

/** scale = weight / sqrt(variance + eps), offset = bias - mean scale; float32 [C] each. */
export function frozenScale({ graph, read }: LayerContext, op: BatchNormOp): { scale: Tensor; offset: Tensor } {
  const shifted = ops.binary(graph, "AddV2", read(op.runningVar), ops.scalar(graph, op.eps));
  const scale = ops.binary(graph, "Mul", read(op.weight), ops.unary(graph, "Rsqrt", shifted));
  const shift = ops.binary(graph, "Mul", read(op.runningMean), scale);
  return { scale, offset: ops.binary(graph, "Sub", read(op.bias), shift) };
}
