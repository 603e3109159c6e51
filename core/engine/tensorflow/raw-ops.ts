// TensorFlow's raw ops under their own names, one function each, with the attributes that this engine needs.
// Maps are NHWC: float32 [B, H, W, C]. What an op computes is TensorFlow's documentation; what is unusual is said here.
import { DATA_TYPE, typeOf, shapeOf, text, type Control, type DataType, type Graph, type Tensor } from "./graph.ts";

const FLOAT = { T: typeOf("float32") };

/** An input of a signature. @param shape -1: any size */
export function placeholder(graph: Graph, name: string, dtype: DataType, shape: readonly number[]): Tensor {
  const attributes = { dtype: typeOf(dtype), shape: { shape: shapeOf(shape) } };
  return graph.one({ op: "Placeholder", name, attributes, outputs: [dtype] });
}

export function constant(graph: Graph, values: Float32Array | Int32Array, shape: readonly number[]): Tensor {
  const dtype = values instanceof Float32Array ? "float32" : "int32";
  const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  const tensor = { dtype: DATA_TYPE[dtype], tensorShape: shapeOf(shape), tensorContent };
  return graph.one({ op: "Const", attributes: { dtype: typeOf(dtype), value: { tensor } }, outputs: [dtype] });
}

export function scalar(graph: Graph, value: number): Tensor {
  return constant(graph, Float32Array.of(value), []);
}

export function integers(graph: Graph, values: readonly number[]): Tensor {
  return constant(graph, Int32Array.from(values), [values.length]);
}

type Unary = "Relu" | "Relu6" | "Rsqrt" | "Sqrt" | "Square" | "Softmax" | "L2Loss" | "Identity";

export function unary(graph: Graph, op: Unary, x: Tensor, after: readonly Control[] = []): Tensor {
  return graph.one({ op, inputs: [x], after, attributes: FLOAT });
}

/** In memory of its own; Identity shares its input's. */
export function deepCopy(graph: Graph, x: Tensor): Tensor {
  return graph.one({ op: "DeepCopy", inputs: [x], attributes: FLOAT });
}

type Binary = "AddV2" | "Sub" | "Mul" | "RealDiv" | "Minimum" | "ReluGrad" | "Relu6Grad" | "DivNoNan";

/** With broadcasting, but for the two gradients, which take (gradient, features). */
export function binary(graph: Graph, op: Binary, a: Tensor, b: Tensor): Tensor {
  return graph.one({ op, inputs: [a, b], attributes: FLOAT });
}

export function addN(graph: Graph, terms: readonly Tensor[]): Tensor {
  return graph.one({ op: "AddN", inputs: terms, attributes: { ...FLOAT, N: { i: terms.length } } });
}

/** a b, either side transposed on request. */
export function matMul(graph: Graph, a: Tensor, b: Tensor, transpose: { a?: boolean; b?: boolean } = {}): Tensor {
  const attributes = { ...FLOAT, transpose_a: { b: transpose.a ?? false }, transpose_b: { b: transpose.b ?? false } };
  return graph.one({ op: "MatMul", inputs: [a, b], attributes });
}

export function biasAdd(graph: Graph, x: Tensor, bias: Tensor): Tensor {
  return graph.one({ op: "BiasAdd", inputs: [x, bias], attributes: { ...FLOAT, data_format: text("NHWC") } });
}

/** Sum over all axes but the last. */
export function biasAddGrad(graph: Graph, gradient: Tensor): Tensor {
  return graph.one({ op: "BiasAddGrad", inputs: [gradient], attributes: { ...FLOAT, data_format: text("NHWC") } });
}

export function reduce(graph: Graph, op: "Sum" | "Mean", x: Tensor, axes: readonly number[]): Tensor {
  const attributes = { ...FLOAT, Tidx: typeOf("int32"), keep_dims: { b: false } };
  return graph.one({ op, inputs: [x, integers(graph, axes)], attributes });
}

/** @param shape at most one -1, which takes what is left */
export function reshape(graph: Graph, x: Tensor, shape: readonly number[]): Tensor {
  const attributes = { T: typeOf(x.dtype), Tshape: typeOf("int32") };
  return graph.one({ op: "Reshape", inputs: [x, integers(graph, shape)], attributes, outputs: [x.dtype] });
}

/** int32 [rank]. */
export function shape(graph: Graph, x: Tensor): Tensor {
  const attributes = { T: typeOf(x.dtype), out_type: typeOf("int32") };
  return graph.one({ op: "Shape", inputs: [x], attributes, outputs: ["int32"] });
}

/** @param x int32 [N] @returns int32 [N] */
export function addIntegers(graph: Graph, x: Tensor, values: readonly number[]): Tensor {
  const inputs = [x, integers(graph, values)];
  return graph.one({ op: "AddV2", inputs, attributes: { T: typeOf("int32") }, outputs: ["int32"] });
}

/** @param size -1: all that is left of the axis */
export function slice(
  graph: Graph,
  x: Tensor,
  { begin, size }: { readonly begin: readonly number[]; readonly size: readonly number[] },
): Tensor {
  const inputs = [x, integers(graph, begin), integers(graph, size)];
  return graph.one({ op: "Slice", inputs, attributes: { ...FLOAT, Index: typeOf("int32") } });
}

export function broadcastTo(graph: Graph, x: Tensor, sizes: Tensor): Tensor {
  return graph.one({ op: "BroadcastTo", inputs: [x, sizes], attributes: { ...FLOAT, Tidx: typeOf("int32") } });
}

/** uint8 to float32. */
export function castToFloat(graph: Graph, x: Tensor): Tensor {
  const attributes = { SrcT: typeOf(x.dtype), DstT: typeOf("float32"), Truncate: { b: false } };
  return graph.one({ op: "Cast", inputs: [x], attributes });
}

export interface ConvGeometry {
  readonly depthwise: boolean;
  readonly stride: number;
  /** On each of the four sides, in pixels. */
  readonly padding: number;
  /** Whether TensorFlow's SAME means the same padding. */
  readonly samePadding: boolean;
}

/** @param filter [k, k, in, out], or [k, k, C, 1] where depthwise */
export function conv(graph: Graph, x: Tensor, filter: Tensor, geometry: ConvGeometry): Tensor {
  const op = geometry.depthwise ? "DepthwiseConv2dNative" : "Conv2D";
  return graph.one({ op, inputs: [x, filter], attributes: convAttributes(geometry) });
}

/** @param sizes int32 [4]: the shape of the input */
export function convInputGrad(
  graph: Graph,
  inputs: { sizes: Tensor; filter: Tensor; gradient: Tensor },
  geometry: ConvGeometry,
): Tensor {
  const op = geometry.depthwise ? "DepthwiseConv2dNativeBackpropInput" : "Conv2DBackpropInput";
  const { sizes, filter, gradient } = inputs;
  return graph.one({ op, inputs: [sizes, filter, gradient], attributes: convAttributes(geometry) });
}

/** @param sizes int32 [4]: the shape of the filter */
export function convFilterGrad(
  graph: Graph,
  inputs: { x: Tensor; sizes: Tensor; gradient: Tensor },
  geometry: ConvGeometry,
): Tensor {
  const op = geometry.depthwise ? "DepthwiseConv2dNativeBackpropFilter" : "Conv2DBackpropFilter";
  const { x, sizes, gradient } = inputs;
  return graph.one({ op, inputs: [x, sizes, gradient], attributes: convAttributes(geometry) });
}

/** Zeros around each map. @param x float32 [B, H, W, C] */
export function padMap(graph: Graph, x: Tensor, padding: number): Tensor {
  const sides = Int32Array.of(0, 0, padding, padding, padding, padding, 0, 0);
  const inputs = [x, constant(graph, sides, [4, 2])];
  return graph.one({ op: "Pad", inputs, attributes: { ...FLOAT, Tpaddings: typeOf("int32") } });
}

/** TensorFlow's SAME puts the odd pixel of an even map and a stride of 2 elsewhere than PyTorch does; padding is explicit then. */
function convAttributes({ stride, padding, samePadding }: ConvGeometry) {
  const sides = [0, 0, padding, padding, padding, padding, 0, 0];
  const explicit = padding !== 0 && !samePadding;
  return {
    ...FLOAT,
    strides: { list: { i: [1, stride, stride, 1] } },
    padding: text(padding === 0 ? "VALID" : explicit ? "EXPLICIT" : "SAME"),
    explicit_paddings: { list: { i: explicit ? sides : [] } },
    dilations: { list: { i: [1, 1, 1, 1] } },
    data_format: text("NHWC"),
  };
}

/** Outputs: y, new running mean and variance ((1 - factor) old + factor batch, unbiased), and three that only the gradient reads. */
export function batchNorm(
  graph: Graph,
  inputs: { x: Tensor; scale: Tensor; offset: Tensor; mean: Tensor; variance: Tensor },
  { epsilon, averageFactor }: { epsilon: number; averageFactor: number },
): Tensor[] {
  return graph.add({
    op: "FusedBatchNormV3",
    inputs: [inputs.x, inputs.scale, inputs.offset, inputs.mean, inputs.variance],
    attributes: { ...batchNormAttributes(epsilon), exponential_avg_factor: { f: averageFactor } },
    outputs: Array<DataType>(6).fill("float32"),
  });
}

/** @param forward the outputs of `batchNorm` @returns gradients of x, scale and offset */
export function batchNormGrad(
  graph: Graph,
  inputs: { gradient: Tensor; x: Tensor; scale: Tensor; forward: readonly Tensor[] },
  epsilon: number,
): Tensor[] {
  return graph.add({
    op: "FusedBatchNormGradV3",
    inputs: [inputs.gradient, inputs.x, inputs.scale, ...inputs.forward.slice(3)],
    attributes: batchNormAttributes(epsilon),
    outputs: Array<DataType>(5).fill("float32"),
  });
}

function batchNormAttributes(epsilon: number) {
  const attributes = { ...FLOAT, U: typeOf("float32"), epsilon: { f: epsilon } };
  return { ...attributes, data_format: text("NHWC"), is_training: { b: true } };
}

/** Outputs: loss [B] and its gradient by the logits [B, K]. */
export function softmaxCrossEntropy(graph: Graph, logits: Tensor, targets: Tensor): Tensor[] {
  const outputs = ["float32", "float32"] as const;
  const inputs = [logits, targets];
  return graph.add({ op: "SoftmaxCrossEntropyWithLogits", inputs, attributes: FLOAT, outputs });
}
