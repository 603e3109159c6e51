// ReLU, hard swish x relu6(x + 3) / 6 and hard sigmoid relu6(x + 3) / 6 (Howard et al. 2019), with PyTorch's gradients at the corners.
import type { Activation } from "../../../model/network.ts";
import type { Graph, Tensor } from "../graph.ts";
import * as ops from "../raw-ops.ts";
import type { Layer, LayerContext } from "./layer.ts";

const SIXTH = 1 / 6;

/** @param x float32, any shape */
export function activationLayer({ graph }: LayerContext, activation: Activation, x: Tensor): Layer {
  switch (activation) {
    case "relu":
      return reluLayer(graph, x);
    case "hardSigmoid":
      return hardSigmoidLayer(graph, x);
    case "hardSwish":
      return hardSwishLayer(graph, x);
  }
}

export function reluLayer(graph: Graph, x: Tensor): Layer {
  const output = ops.unary(graph, "Relu", x);
  return { output, backward: (gradient) => ops.binary(graph, "ReluGrad", gradient, output) };
}

export function hardSigmoidLayer(graph: Graph, x: Tensor): Layer {
  const sixth = ops.scalar(graph, SIXTH);
  const shifted = ops.binary(graph, "AddV2", x, ops.scalar(graph, 3));
  const output = ops.binary(graph, "Mul", ops.unary(graph, "Relu6", shifted), sixth);
  const backward = (gradient: Tensor) =>
    ops.binary(graph, "Relu6Grad", ops.binary(graph, "Mul", gradient, sixth), shifted);
  return { output, backward };
}

/** d/dx of x relu6(x + 3) / 6 is (relu6(x + 3) + x inside) / 6, where inside is 1 between -3 and 3. */
function hardSwishLayer(graph: Graph, x: Tensor): Layer {
  const sixth = ops.scalar(graph, SIXTH);
  const shifted = ops.binary(graph, "AddV2", x, ops.scalar(graph, 3));
  const clipped = ops.unary(graph, "Relu6", shifted);
  const output = ops.binary(graph, "Mul", x, ops.binary(graph, "Mul", clipped, sixth));
  const backward = (gradient: Tensor) => {
    const inside = ops.binary(graph, "Relu6Grad", x, shifted); // x between -3 and 3, else 0
    const slope = ops.binary(graph, "Mul", ops.binary(graph, "AddV2", clipped, inside), sixth);
    return ops.binary(graph, "Mul", gradient, slope);
  };
  return { output, backward };
}
