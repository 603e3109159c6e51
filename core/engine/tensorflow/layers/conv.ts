// Convolutions, full and depthwise, and a frozen batch-norm folded into the convolution before it: its scale goes into the filter.
import type { BatchNormOp, ConvOp, DepthwiseConvOp, ValueShape } from "../../../model/network.ts";
import type { Graph, Tensor } from "../graph.ts";
import * as ops from "../raw-ops.ts";
import { frozenScale } from "./batch-norm.ts";
import type { Layer, LayerContext } from "./layer.ts";

type AnyConv = ConvOp | DepthwiseConvOp;

/** A convolution, what it reads, and the shape of that. */
export interface ConvSpec<Norm> {
  readonly op: AnyConv;
  /** The frozen batch-norm that follows. */
  readonly norm: Norm;
  /** float32 [B, H, W, in] */
  readonly x: Tensor;
  readonly inputShape: ValueShape;
}

export function convLayer(context: LayerContext, { op, x, inputShape }: ConvSpec<null>): Layer {
  const { graph } = context;
  const geometry = geometryOf(op, inputShape);
  const filter = context.read(op.weight);
  const output = ops.conv(graph, x, filter, geometry);
  const backward = (gradient: Tensor, wantsInput: boolean) => {
    if (context.trains(op.weight)) {
      const sizes = ops.integers(graph, filterShape(op));
      context.setGradient(op.weight, ops.convFilterGrad(graph, { x, sizes, gradient }, filterGradGeometry(geometry)));
    }
    return wantsInput ? inputGradient(graph, { x, filter, gradient }, geometry) : null;
  };
  return { output, backward };
}

/** A depthwise filter's gradient takes 0.6 of the time where padding is explicit: TensorFlow's own kernel runs, not oneDNN's. */
function filterGradGeometry(geometry: ops.ConvGeometry): ops.ConvGeometry {
  return geometry.depthwise ? { ...geometry, samePadding: false } : geometry;
}

/** Convolution and batch-norm in inference mode, both frozen, as one convolution with a bias. */
export function foldedConvLayer(context: LayerContext, { op, norm, x, inputShape }: ConvSpec<BatchNormOp>): Layer {
  const { graph } = context;
  const geometry = geometryOf(op, inputShape);
  const { scale, offset } = frozenScale(context, norm);
  const perOutput = op.kind === "depthwiseConv" ? ops.reshape(graph, scale, [op.channels, 1]) : scale;
  const filter = ops.binary(graph, "Mul", context.read(op.weight), perOutput);
  const output = ops.biasAdd(graph, convBeforeBias(graph, x, filter, geometry), offset);
  const backward = (gradient: Tensor, wantsInput: boolean) =>
    wantsInput ? inputGradient(graph, { x, filter, gradient }, geometry) : null;
  return { output, backward };
}

/** TensorFlow 2.21 fuses a depthwise convolution with the bias behind it, and aborts where that one's padding is explicit. */
function convBeforeBias(graph: Graph, x: Tensor, filter: Tensor, geometry: ops.ConvGeometry): Tensor {
  if (!geometry.depthwise || geometry.samePadding) return ops.conv(graph, x, filter, geometry);
  return ops.conv(graph, ops.padMap(graph, x, geometry.padding), filter, { ...geometry, padding: 0 });
}

function inputGradient(
  graph: Graph,
  { x, filter, gradient }: { x: Tensor; filter: Tensor; gradient: Tensor },
  geometry: ops.ConvGeometry,
): Tensor {
  return ops.convInputGrad(graph, { sizes: ops.shape(graph, x), filter, gradient }, geometry);
}

function geometryOf(op: AnyConv, input: ValueShape): ops.ConvGeometry {
  const odd = input.kind === "map" && input.heightPx % 2 === 1 && input.widthPx % 2 === 1;
  const samePadding = op.padding === (op.kernel - 1) / 2 && (op.stride === 1 || odd);
  return { depthwise: op.kind === "depthwiseConv", stride: op.stride, padding: op.padding, samePadding };
}

function filterShape(op: AnyConv): number[] {
  if (op.kind === "depthwiseConv") return [op.kernel, op.kernel, op.channels, 1];
  return [op.kernel, op.kernel, op.inChannels, op.outChannels];
}
