// Squeeze and excite (Hu et al. 2018): x times a gate for each channel, hardSigmoid(fc2(relu(fc1(mean of x over H and W)))).
// Both 1 x 1 convolutions act on a vector, so they are matrix products; their filters [1, 1, in, out] are read as [in, out].
import type { SqueezeExciteOp } from "../../../model/network.ts";
import type { Tensor } from "../graph.ts";
import * as ops from "../raw-ops.ts";
import { hardSigmoidLayer, reluLayer } from "./activation.ts";
import { pixelCount, type Layer, type LayerContext } from "./layer.ts";

/** @param x float32 [B, H, W, C] */
export function squeezeExciteLayer(context: LayerContext, op: SqueezeExciteOp, x: Tensor): Layer {
  const { graph } = context;
  const { channels, squeezeChannels } = op;
  const mean = ops.reduce(graph, "Mean", x, [1, 2]); // [B, C]
  const first = matrixLayer(context, { weight: op.weight1, bias: op.bias1, sizes: [channels, squeezeChannels] }, mean);
  const relu = reluLayer(graph, first.output);
  const names = { weight: op.weight2, bias: op.bias2, sizes: [squeezeChannels, channels] } as const;
  const second = matrixLayer(context, names, relu.output);
  const sigmoid = hardSigmoidLayer(graph, second.output);
  const gate = ops.reshape(graph, sigmoid.output, [-1, 1, 1, channels]);
  const output = ops.binary(graph, "Mul", x, gate);

  const backward = (gradient: Tensor, wantsInput: boolean) => {
    let vector: Tensor | null = ops.reduce(graph, "Sum", ops.binary(graph, "Mul", gradient, x), [1, 2]); // of the gate, [B, C]
    for (const layer of [sigmoid, second, relu]) vector = layer.backward(vector as Tensor, true);
    const ofMean = first.backward(vector as Tensor, wantsInput);
    if (ofMean === null) return null;
    const spread = ops.binary(graph, "Mul", ofMean, ops.scalar(graph, 1 / pixelCount(op.output)));
    const ofPixels = ops.reshape(graph, spread, [-1, 1, 1, channels]);
    return ops.binary(graph, "AddV2", ops.binary(graph, "Mul", gradient, gate), ofPixels);
  };
  return { output, backward };
}

interface Matrix {
  readonly weight: string;
  readonly bias: string | null;
  readonly sizes: readonly [inputs: number, outputs: number];
}

/** x W + b. @param x float32 [B, in] */
function matrixLayer(context: LayerContext, { weight, bias, sizes }: Matrix, x: Tensor): Layer {
  const { graph } = context;
  const matrix = ops.reshape(graph, context.read(weight), sizes);
  const product = ops.matMul(graph, x, matrix);
  const output = bias === null ? product : ops.biasAdd(graph, product, context.read(bias));
  const backward = (gradient: Tensor, wantsInput: boolean) => {
    if (context.trains(weight)) {
      const ofMatrix = ops.matMul(graph, x, gradient, { a: true }); // [in, out]
      context.setGradient(weight, ops.reshape(graph, ofMatrix, [1, 1, ...sizes]));
    }
    if (bias !== null && context.trains(bias)) context.setGradient(bias, ops.biasAddGrad(graph, gradient));
    return wantsInput ? ops.matMul(graph, gradient, matrix, { b: true }) : null;
  };
  return { output, backward };
}
