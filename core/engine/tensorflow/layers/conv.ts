// Convolutions, full and depthwise, and a frozen batch-norm folded into the convolution before it: its scale goes into the filter.
import type { BatchNormOp, ConvOp, DepthwiseConvOp, ValueShape } from "../../../model/network.ts";
import type { Graph, Tensor } from "../graph.ts";
import * as ops from "../raw-ops.ts";
import { frozenScale } from "./batch-norm.ts";
import { mapShape, type Layer, type LayerContext } from "./layer.ts";

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

export function convLayer(context: LayerContext, spec: ConvSpec<null>): Layer {
  const { op, inputShape } = spec;
  const isPoint = op.kind === "conv" && op.kernel === 1 && op.stride === 1 && op.padding === 0;
  if (isPoint) return pointConvLayer(context, { op, x: spec.x, inputShape });
  const { graph } = context;
  const geometry = geometryOf(op, inputShape);
  const padsFirst = op.kind === "conv" && isExplicit(geometry); // oneDNN's filter gradient takes no explicit padding
  const x = padsFirst ? ops.padMap(graph, spec.x, op.padding) : spec.x;
  const padded = padsFirst ? unpadded(geometry) : geometry;
  const filter = context.read(op.weight);
  const output = ops.conv(graph, x, filter, padded);
  const backward = (gradient: Tensor, wantsInput: boolean) => {
    if (context.trains(op.weight)) {
      const sizes = ops.integers(graph, filterShape(op));
      context.setGradient(op.weight, ops.convFilterGrad(graph, { x, sizes, gradient }, filterGradGeometry(padded)));
    }
    return wantsInput ? inputGradient(graph, { x: spec.x, filter, gradient }, { geometry, inputShape }) : null;
  };
  return { output, backward };
}

/** A convolution of 1 x 1 pixels is a matrix product of pixels; TensorFlow's takes 0.8 of its convolutions' time, in all three passes. */
function pointConvLayer(
  context: LayerContext,
  { op, x, inputShape }: { readonly op: ConvOp; readonly x: Tensor; readonly inputShape: ValueShape },
): Layer {
  const { graph } = context;
  const { inChannels, outChannels } = op;
  const rows = ops.reshape(graph, x, [-1, inChannels]); // [B H W, in]
  const matrix = ops.reshape(graph, context.read(op.weight), [inChannels, outChannels]);
  const output = ops.reshape(graph, ops.matMul(graph, rows, matrix), mapShape(op.output));
  const backward = (gradient: Tensor, wantsInput: boolean) => {
    const gradientRows = ops.reshape(graph, gradient, [-1, outChannels]); // [B H W, out]
    if (context.trains(op.weight)) {
      const ofMatrix = ops.matMul(graph, rows, gradientRows, { a: true });
      context.setGradient(op.weight, ops.reshape(graph, ofMatrix, filterShape(op)));
    }
    if (!wantsInput) return null;
    return ops.reshape(graph, ops.matMul(graph, gradientRows, matrix, { b: true }), mapShape(inputShape));
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
    wantsInput ? inputGradient(graph, { x, filter, gradient }, { geometry, inputShape }) : null;
  return { output, backward };
}

/** TensorFlow 2.21 fuses a depthwise convolution with the bias behind it, and aborts where that one's padding is explicit. */
function convBeforeBias(graph: Graph, x: Tensor, filter: Tensor, geometry: ops.ConvGeometry): Tensor {
  if (!geometry.depthwise || geometry.samePadding) return ops.conv(graph, x, filter, geometry);
  return ops.conv(graph, ops.padMap(graph, x, geometry.padding), filter, unpadded(geometry));
}

/** Where padding is explicit oneDNN has no gradient; the gradient of the padded map, cut to size, takes 0.3 to 0.7 of the time. */
function inputGradient(
  graph: Graph,
  { x, filter, gradient }: { x: Tensor; filter: Tensor; gradient: Tensor },
  { geometry, inputShape }: { readonly geometry: ops.ConvGeometry; readonly inputShape: ValueShape },
): Tensor {
  if (!isExplicit(geometry))
    return ops.convInputGrad(graph, { sizes: ops.shape(graph, x), filter, gradient }, geometry);
  const { padding } = geometry;
  const sizes = ops.addIntegers(graph, ops.shape(graph, x), [0, 2 * padding, 2 * padding, 0]);
  const ofPadded = ops.convInputGrad(graph, { sizes, filter, gradient }, unpadded(geometry));
  return ops.slice(graph, ofPadded, { begin: [0, padding, padding, 0], size: mapShape(inputShape) });
}

function isExplicit({ padding, samePadding }: ops.ConvGeometry): boolean {
  return padding !== 0 && !samePadding;
}

/** The same convolution of a map that is padded already. */
function unpadded(geometry: ops.ConvGeometry): ops.ConvGeometry {
  return { ...geometry, padding: 0 };
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
