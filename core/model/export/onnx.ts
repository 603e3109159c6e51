// A network as an ONNX model (opset 17). Input "images": uint8 [N, H, W, 3], RGB, cropped and resized; the normalisation is inside.
// Outputs "logits" and "probabilities": float32 [N, classes]. Dropout is left out, batch-norms use their running statistics.
import { elementCount, type Network, type Op, type State } from "../network.ts";
import { AttributeType, DataType, ModelProto } from "./onnx-schema.ts";
import { infoTexts, valuesOf, type ExportInfo } from "./export-info.ts";

const OPSET = 17;
const IR_VERSION = 8;

/** @returns the bytes of the .onnx file */
export function exportOnnx(network: Network, state: State, info: ExportInfo): Uint8Array {
  const { imageSizePx: size, classes } = network;
  const logits = network.ops.at(-1)?.name ?? "";
  const body = network.ops.flatMap(toNodes);
  const graph = {
    name: network.family,
    node: [...body, node("Identity", [logits], "logits"), node("Softmax", [logits], "probabilities", { axis: 1 })],
    initializer: [
      ...network.parameters.map((p) => tensor(p.name, p.shape, valuesOf(state, p))),
      ...normalisation(network),
    ],
    input: [value("images", DataType.uint8, ["N", size, size, 3])],
    output: [value("logits", DataType.float, ["N", classes]), value("probabilities", DataType.float, ["N", classes])],
  };
  const model = {
    ir_version: IR_VERSION,
    producer_name: "lockstep",
    graph,
    opset_import: [{ domain: "", version: OPSET }],
    metadata_props: Object.entries(infoTexts(info)).map(([key, of]) => ({ key, value: of })),
  };
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

/** An op's nodes; the last one's output has the op's name. */
function toNodes(op: Op): Node[] {
  switch (op.kind) {
    case "normalize":
      return [
        node("Cast", ["images"], `${op.name}.float`, { to: DataType.float }),
        node("Transpose", [`${op.name}.float`], `${op.name}.channelsFirst`, { perm: [0, 3, 1, 2] }),
        node("Mul", [`${op.name}.channelsFirst`, SCALE], `${op.name}.scaled`),
        node("Add", [`${op.name}.scaled`, SHIFT], op.name),
      ];
    case "conv":
      return [node("Conv", [op.input, op.weight], op.name, window(op.kernel, op.stride, op.padding, 1))];
    case "depthwiseConv":
      return [node("Conv", [op.input, op.weight], op.name, window(op.kernel, op.stride, op.padding, op.channels))];
    case "batchNorm": {
      const inputs = [op.input, op.weight, op.bias, op.runningMean, op.runningVar];
      return [node("BatchNormalization", inputs, op.name, { epsilon: float(op.eps) })];
    }
    case "activation":
      return [activation(op.activation, op.input, op.name)];
    case "squeezeExcite":
      return squeezeExcite(op);
    case "add":
      return [node("Add", [op.input, op.shortcut], op.name)];
    case "globalAveragePool":
      return [
        node("GlobalAveragePool", [op.input], `${op.name}.map`),
        node("Flatten", [`${op.name}.map`], op.name, { axis: 1 }),
      ];
    case "dense":
      return [node("Gemm", [op.input, op.weight, op.bias], op.name, { transB: 1 })];
    case "dropout":
      return [node("Identity", [op.input], op.name)];
  }
}

function activation(kind: "relu" | "hardSwish" | "hardSigmoid", input: string, output: string): Node {
  if (kind === "relu") return node("Relu", [input], output);
  if (kind === "hardSwish") return node("HardSwish", [input], output);
  return node("HardSigmoid", [input], output, { alpha: float(1 / 6), beta: float(0.5) });
}

function squeezeExcite(op: Extract<Op, { kind: "squeezeExcite" }>): Node[] {
  const part = (name: string) => `${op.name}.${name}`;
  const withBias = (inputs: string[], bias: string | null) => (bias === null ? inputs : [...inputs, bias]);
  return [
    node("GlobalAveragePool", [op.input], part("mean")),
    node("Conv", withBias([part("mean"), op.weight1], op.bias1), part("squeezed"), window(1, 1, 0, 1)),
    activation("relu", part("squeezed"), part("active")),
    node("Conv", withBias([part("active"), op.weight2], op.bias2), part("excited"), window(1, 1, 0, 1)),
    activation("hardSigmoid", part("excited"), part("scale")),
    node("Mul", [op.input, part("scale")], op.name),
  ];
}

const SCALE = "normalize.scale";
const SHIFT = "normalize.shift";

/** (x / 255 - mean) / std as x * scale + shift. */
function normalisation(network: Network) {
  const [op] = network.ops;
  if (op?.kind !== "normalize") throw new TypeError("the first op is the normalisation");
  const scale = op.std.map((std) => 1 / (255 * std));
  const shift = op.mean.map((mean, c) => -mean / (op.std[c] as number));
  return [tensor(SCALE, [1, 3, 1, 1], Float32Array.from(scale)), tensor(SHIFT, [1, 3, 1, 1], Float32Array.from(shift))];
}

interface Node {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly op_type: string;
  readonly attribute: readonly object[];
}

/** A plain number is an int attribute; `float(x)` a float one. */
type Attributes = Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;

function node(type: string, input: readonly string[], output: string, attributes: Attributes = {}): Node {
  const attribute = Object.entries(attributes).map(([name, of]) => {
    if (typeof of === "number") return { name, i: of, type: AttributeType.int };
    if ("float" in of) return { name, f: of.float, type: AttributeType.float };
    return { name, ints: of, type: AttributeType.ints };
  });
  return { input, output: [output], name: output, op_type: type, attribute };
}

function float(value: number): { readonly float: number } {
  return { float: value };
}

function window(kernel: number, stride: number, padding: number, group: number): Attributes {
  const pads = [padding, padding, padding, padding];
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads, group };
}

function tensor(name: string, shape: readonly number[], values: Float32Array) {
  const raw = new Uint8Array(values.buffer, values.byteOffset, 4 * elementCount(shape));
  return { name, dims: shape, data_type: DataType.float, raw_data: raw };
}

function value(name: string, elementType: number, shape: readonly (number | string)[]) {
  const dim = shape.map((size) => (typeof size === "string" ? { dim_param: size } : { dim_value: size }));
  return { name, type: { tensor_type: { elem_type: elementType, shape: { dim } } } };
}
