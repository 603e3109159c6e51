// Networks of a few layers by spec, with weights and images by formula: the same as in test/golden/engine-kernels.py.
import type { Activation, Network, Op, Parameter, ParameterKind, Part } from "../../../core/model/network.ts";
import { elementCount } from "../../../core/model/network.ts";

export interface LayerSpec {
  readonly kind: "conv" | "depthwise";
  readonly out?: number;
  readonly kernel?: 1 | 3 | 5;
  readonly stride?: 1 | 2;
  readonly activation?: Activation | null;
  readonly squeeze?: number;
  readonly squeezeBias?: boolean;
  /** Index of the layer whose output is added. */
  readonly shortcut?: number;
}

export interface SmallSpec {
  readonly images: number;
  readonly sizePx: number;
  /** Range of the images' bytes. */
  readonly low: number;
  readonly high: number;
  readonly mean: readonly [number, number, number];
  readonly eps: number;
  readonly hidden: number;
  readonly classes: number;
  readonly layers: readonly LayerSpec[];
}

const PART: Part = { kind: "classifier" };

export function smallNetwork(spec: SmallSpec): Network {
  const builder = new Builder(spec);
  spec.layers.forEach((layer, i) => builder.layer(layer, i));
  builder.head();
  const names = { family: "mobilenet-v3-small", layout: "article", widthMult: 1 } as const;
  return {
    ...names,
    classes: spec.classes,
    imageSizePx: spec.sizePx,
    ops: builder.ops,
    parameters: builder.parameters,
  };
}

class Builder {
  readonly ops: Op[] = [];
  readonly parameters: Parameter[] = [];
  private readonly spec: SmallSpec;
  private readonly outputs: string[] = [];
  private last = "normalize";
  private channels = 3;
  private sizePx: number;

  constructor(spec: SmallSpec) {
    this.spec = spec;
    this.sizePx = spec.sizePx;
    const std = [0.25, 0.25, 0.25] as const;
    this.ops.push({
      kind: "normalize",
      name: "normalize",
      input: "image",
      output: this.map(),
      part: PART,
      mean: spec.mean,
      std,
    });
  }

  layer(layer: LayerSpec, i: number): void {
    const { kernel = 1, stride = 1, activation = null, squeeze, shortcut } = layer;
    const padding = kernel >> 1;
    const inChannels = this.channels;
    this.sizePx = Math.floor((this.sizePx + 2 * padding - kernel) / stride) + 1;
    this.channels = layer.out ?? inChannels;
    const weight = `${i}.conv`;
    if (layer.kind === "conv") {
      this.parameter(weight, "convWeight", [this.channels, inChannels, kernel, kernel]);
      const sizes = { inChannels, outChannels: this.channels, kernel, stride, padding };
      this.push({ kind: "conv", ...this.base(`${i}.conv`), ...sizes, weight });
    } else {
      this.parameter(weight, "depthwiseWeight", [inChannels, 1, kernel, kernel]);
      const sizes = { channels: inChannels, kernel: kernel as 3 | 5, stride, padding };
      this.push({ kind: "depthwiseConv", ...this.base(`${i}.conv`), ...sizes, weight });
    }
    this.norm(`${i}.norm`);
    if (activation !== null) this.push({ kind: "activation", ...this.base(`${i}.activation`), activation });
    if (squeeze !== undefined) this.squeezeExcite(i, squeeze, layer.squeezeBias === true);
    if (shortcut !== undefined)
      this.push({ kind: "add", ...this.base(`${i}.add`), shortcut: this.outputs[shortcut] as string });
    this.outputs.push(this.last);
  }

  head(): void {
    const { hidden, classes } = this.spec;
    this.push({ kind: "globalAveragePool", ...this.base("pool"), output: { kind: "vector", channels: this.channels } });
    this.dense("hidden", this.channels, hidden);
    const output = { kind: "vector", channels: hidden } as const;
    this.push({ kind: "activation", ...this.base("hiddenActivation"), output, activation: "hardSwish" });
    this.dense("logits", hidden, classes);
  }

  private norm(name: string): void {
    const shape = [this.channels];
    const [weight, bias, runningMean, runningVar] = ["gamma", "beta", "mean", "var"].map(
      (what) => `${name}.${what}`,
    ) as [string, string, string, string];
    this.parameter(weight, "batchNormWeight", shape);
    this.parameter(bias, "batchNormBias", shape);
    this.parameter(runningMean, "runningMean", shape);
    this.parameter(runningVar, "runningVar", shape);
    const numbers = { channels: this.channels, eps: this.spec.eps, momentum: 0.1 };
    this.push({ kind: "batchNorm", ...this.base(name), ...numbers, weight, bias, runningMean, runningVar });
  }

  private squeezeExcite(i: number, squeezeChannels: number, hasBias: boolean): void {
    const { channels } = this;
    const [weight1, weight2] = [`${i}.fc1`, `${i}.fc2`];
    const [bias1, bias2] = hasBias ? [`${weight1}.bias`, `${weight2}.bias`] : [null, null];
    this.parameter(weight1, "convWeight", [squeezeChannels, channels, 1, 1]);
    if (bias1 !== null) this.parameter(bias1, "bias", [squeezeChannels]);
    this.parameter(weight2, "convWeight", [channels, squeezeChannels, 1, 1]);
    if (bias2 !== null) this.parameter(bias2, "bias", [channels]);
    this.push({
      kind: "squeezeExcite",
      ...this.base(`${i}.squeezeExcite`),
      channels,
      squeezeChannels,
      weight1,
      bias1,
      weight2,
      bias2,
    });
  }

  private dense(name: string, inFeatures: number, outFeatures: number): void {
    this.parameter(name, "denseWeight", [outFeatures, inFeatures]);
    this.parameter(`${name}.bias`, "bias", [outFeatures]);
    const output = { kind: "vector", channels: outFeatures } as const;
    this.push({
      kind: "dense",
      ...this.base(name),
      output,
      inFeatures,
      outFeatures,
      weight: name,
      bias: `${name}.bias`,
    });
  }

  private push(op: Op): void {
    this.ops.push(op);
    this.last = op.name;
  }

  private base(name: string) {
    return { name, input: this.last, output: this.map(), part: PART };
  }

  private map() {
    return { kind: "map", heightPx: this.sizePx, widthPx: this.sizePx, channels: this.channels } as const;
  }

  private parameter(name: string, kind: ParameterKind, shape: number[]): void {
    this.parameters.push({ name, kind, shape, part: PART });
  }
}

export function smallState(network: Network): Map<string, Float32Array> {
  return new Map(network.parameters.map((parameter, position) => [parameter.name, valuesOf(parameter, position)]));
}

function valuesOf({ kind, shape }: Parameter, position: number): Float32Array {
  const isWeight = kind === "convWeight" || kind === "depthwiseWeight" || kind === "denseWeight";
  const scale = isWeight ? Math.sqrt(3 / elementCount(shape.slice(1))) : 0.5;
  const base = kind === "batchNormWeight" ? 1.25 : kind === "runningVar" ? 1.5 : 0;
  return Float32Array.from({ length: elementCount(shape) }, (_, j) => {
    const u = (((j * 37 + position * 101 + ((j * j) % 29)) % 200) - 100) / 100;
    return u * scale + base;
  });
}

/** Images, and targets: image i is of class 2 i mod K. */
export function smallBatch({ images, sizePx, low, high, classes }: SmallSpec) {
  const bytes = Uint8Array.from(
    { length: images * sizePx * sizePx * 3 },
    (_, i) => low + ((i * i * 31 + i * 17) % (high - low + 1)),
  );
  const targets = new Float32Array(images * classes);
  for (let i = 0; i < images; i++) targets[i * classes + ((i * 2) % classes)] = 1;
  return { images: bytes, targets };
}
