// A network as a TensorFlow.js graph model: model.json and one file of weights, read by tf.loadGraphModel. Input "images": int32
// [N, H, W, 3], RGB, 0 to 255, as tf.browser.fromPixels gives them; outputs "logits" and "probabilities": float32 [N, classes].
// Kernels go from OIHW to TensorFlow's HWIO; padding stays k/2 on both sides, as explicit padding.
import { elementCount, type Network, type Op, type Parameter, type State } from "../network.ts";
import { valuesOf, type ExportInfo } from "./export-info.ts";

const WEIGHTS_FILE = "group1-shard1of1.bin";

/** @returns the files by name */
export function exportTfjs(network: Network, state: State, info: ExportInfo): Map<string, Uint8Array> {
  const graph = new GraphWriter();
  for (const p of network.parameters) graph.constant(p.name, ...turned(p, valuesOf(state, p)));
  graph.node("Placeholder", "images", [], {
    dtype: INT,
    shape: shapeOf([-1, network.imageSizePx, network.imageSizePx, 3]),
  });
  for (const op of network.ops) addOp(graph, op);
  const logits = network.ops.at(-1)?.name ?? "";
  graph.node("Identity", "logits", [logits], { T: FLOAT });
  graph.node("Softmax", "probabilities", [logits], { T: FLOAT });
  const { json, weights } = graph.finish(network, info);
  return new Map([
    ["model.json", new TextEncoder().encode(JSON.stringify(json))],
    [WEIGHTS_FILE, weights],
  ]);
}

/** Adds an op's nodes; the last one has the op's name. */
function addOp(graph: GraphWriter, op: Op): void {
  switch (op.kind) {
    case "normalize":
      graph.constant(
        "normalize/scale",
        [3],
        Float32Array.from(op.std, (std) => 1 / (255 * std)),
      );
      graph.constant(
        "normalize/shift",
        [3],
        Float32Array.from(op.mean, (mean, c) => -mean / (op.std[c] as number)),
      );
      graph.node("Cast", `${op.name}/float`, ["images"], { SrcT: INT, DstT: FLOAT });
      graph.node("Mul", `${op.name}/scaled`, [`${op.name}/float`, "normalize/scale"], { T: FLOAT });
      return graph.node("AddV2", op.name, [`${op.name}/scaled`, "normalize/shift"], { T: FLOAT });
    case "conv":
      return graph.node("Conv2D", op.name, [op.input, op.weight], windowOf(op.stride, op.padding));
    case "depthwiseConv":
      return graph.node("DepthwiseConv2dNative", op.name, [op.input, op.weight], windowOf(op.stride, op.padding));
    case "batchNorm": {
      const inputs = [op.input, op.weight, op.bias, op.runningMean, op.runningVar];
      const attributes = {
        T: FLOAT,
        U: FLOAT,
        epsilon: { f: op.eps },
        is_training: { b: false },
        data_format: text("NHWC"),
      };
      return graph.node("FusedBatchNormV3", op.name, inputs, attributes);
    }
    case "activation":
      return addActivation(graph, op.activation, op.input, op.name);
    case "squeezeExcite":
      return addSqueezeExcite(graph, op);
    case "add":
      return graph.node("AddV2", op.name, [op.input, op.shortcut], { T: FLOAT });
    case "globalAveragePool":
      return addMean(graph, op.input, op.name, false);
    case "dense":
      graph.node("MatMul", `${op.name}/product`, [op.input, op.weight], { T: FLOAT, transpose_a: NO, transpose_b: NO });
      return graph.node("AddV2", op.name, [`${op.name}/product`, op.bias], { T: FLOAT });
    case "dropout":
      return graph.node("Identity", op.name, [op.input], { T: FLOAT });
  }
}

/** Hard sigmoid is relu6(x + 3) / 6, hard swish x times that. */
function addActivation(
  graph: GraphWriter,
  kind: "relu" | "hardSwish" | "hardSigmoid",
  input: string,
  name: string,
): void {
  if (kind === "relu") return graph.node("Relu", name, [input], { T: FLOAT });
  graph.scalar("three", 3);
  graph.scalar("sixth", 1 / 6);
  graph.node("AddV2", `${name}/shifted`, [input, "three"], { T: FLOAT });
  graph.node("Relu6", `${name}/clipped`, [`${name}/shifted`], { T: FLOAT });
  const gate = kind === "hardSigmoid" ? name : `${name}/gate`;
  graph.node("Mul", gate, [`${name}/clipped`, "sixth"], { T: FLOAT });
  if (kind === "hardSwish") graph.node("Mul", name, [input, gate], { T: FLOAT });
}

function addSqueezeExcite(graph: GraphWriter, op: Extract<Op, { kind: "squeezeExcite" }>): void {
  const conv = (name: string, input: string, weight: string, bias: string | null) => {
    graph.node("Conv2D", bias === null ? name : `${name}/product`, [input, weight], windowOf(1, 0));
    if (bias !== null) graph.node("AddV2", name, [`${name}/product`, bias], { T: FLOAT });
  };
  addMean(graph, op.input, `${op.name}/mean`, true);
  conv(`${op.name}/squeezed`, `${op.name}/mean`, op.weight1, op.bias1);
  addActivation(graph, "relu", `${op.name}/squeezed`, `${op.name}/active`);
  conv(`${op.name}/excited`, `${op.name}/active`, op.weight2, op.bias2);
  addActivation(graph, "hardSigmoid", `${op.name}/excited`, `${op.name}/scale`);
  graph.node("Mul", op.name, [op.input, `${op.name}/scale`], { T: FLOAT });
}

function addMean(graph: GraphWriter, input: string, name: string, keepDims: boolean): void {
  graph.integers("heightAndWidth", [1, 2]);
  graph.node("Mean", name, [input, "heightAndWidth"], { T: FLOAT, Tidx: INT, keep_dims: { b: keepDims } });
}

/** Shape and values in TensorFlow's order of axes: [in, out], [kh, kw, C, 1] or [kh, kw, in, out]. */
function turned({ kind, shape }: Parameter, values: Float32Array): [number[], Float32Array] {
  const [out = 1, input = 1, height = 1, width = 1] = shape;
  if (kind === "denseWeight") return [[input, out], pixelsFirst(values, out, input, 1)];
  if (kind === "depthwiseWeight") return [[height, width, out, 1], pixelsFirst(values, out, 1, height * width)];
  if (kind === "convWeight") return [[height, width, input, out], pixelsFirst(values, out, input, height * width)];
  return [[...shape], values];
}

/** [out, in, pixels] to [pixels, in, out]. */
function pixelsFirst(values: Float32Array, out: number, input: number, pixels: number): Float32Array {
  const turned = new Float32Array(values.length);
  let at = 0;
  for (let p = 0; p < pixels; p++)
    for (let i = 0; i < input; i++)
      for (let o = 0; o < out; o++) turned[at++] = values[(o * input + i) * pixels + p] as number;
  return turned;
}

type Attribute = Readonly<Record<string, unknown>>;
type Attributes = Readonly<Record<string, Attribute>>;

const FLOAT = { type: "DT_FLOAT" };
const INT = { type: "DT_INT32" };
const NO = { b: false };

function text(of: string): Attribute {
  return { s: Buffer.from(of).toString("base64") };
}

function list(of: readonly number[]): Attribute {
  return { list: { i: of.map(String) } };
}

function shapeOf(sizes: readonly number[]): Attribute {
  return { shape: { dim: sizes.map((size) => ({ size: String(size) })) } };
}

function windowOf(stride: number, padding: number): Attributes {
  const sides = [0, 0, padding, padding, padding, padding, 0, 0]; // N, H, W, C; before and after
  return {
    T: FLOAT,
    strides: list([1, stride, stride, 1]),
    dilations: list([1, 1, 1, 1]),
    padding: text("EXPLICIT"),
    explicit_paddings: list(sides),
    data_format: text("NHWC"),
  };
}

/** Collects nodes and weights. */
class GraphWriter {
  readonly #nodes = new Map<string, object>();
  readonly #weights: { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[] = [];
  readonly #parts: Uint8Array[] = [];

  node(op: string, name: string, input: readonly string[], attr: Attributes): void {
    this.#nodes.set(name, { name, op, input, attr });
  }

  constant(name: string, shape: readonly number[], values: Float32Array): void {
    this.#constant(name, shape, values, "float32");
  }

  scalar(name: string, value: number): void {
    if (!this.#nodes.has(name)) this.#constant(name, [], Float32Array.of(value), "float32");
  }

  integers(name: string, values: readonly number[]): void {
    if (!this.#nodes.has(name)) this.#constant(name, [values.length], Int32Array.from(values), "int32");
  }

  finish(network: Network, info: ExportInfo): { json: object; weights: Uint8Array } {
    const json = {
      format: "graph-model",
      generatedBy: "lockstep",
      convertedBy: null,
      signature: signatureOf(network),
      userDefinedMetadata: { ...info },
      modelTopology: { node: [...this.#nodes.values()], library: {}, versions: { producer: 1395 } },
      weightsManifest: [{ paths: [WEIGHTS_FILE], weights: this.#weights }],
    };
    return { json, weights: Buffer.concat(this.#parts) };
  }

  #constant(
    name: string,
    shape: readonly number[],
    values: Float32Array | Int32Array,
    dtype: "float32" | "int32",
  ): void {
    const sizes = shapeOf(shape).shape;
    const type = dtype === "float32" ? FLOAT : INT;
    this.node("Const", name, [], { dtype: type, value: { tensor: { dtype: type.type, tensorShape: sizes } } });
    this.#weights.push({ name, shape, dtype });
    this.#parts.push(new Uint8Array(values.buffer, values.byteOffset, 4 * elementCount(shape)));
  }
}

function signatureOf({ imageSizePx, classes }: Network) {
  const tensor = (name: string, dtype: string, sizes: readonly number[]) => ({
    name: `${name}:0`,
    dtype,
    tensorShape: { dim: sizes.map((size) => ({ size: String(size) })) },
  });
  return {
    inputs: { images: tensor("images", "DT_INT32", [-1, imageSizePx, imageSizePx, 3]) },
    outputs: {
      logits: tensor("logits", "DT_FLOAT", [-1, classes]),
      probabilities: tensor("probabilities", "DT_FLOAT", [-1, classes]),
    },
  };
}
