// Adds ops to a network one after another: each takes the value of the one before, and lists its parameters as it comes.
import type { Activation, Op, Parameter, ParameterKind, Part, ValueShape } from "./network.ts";

/** ImageNet's mean and standard deviation of RGB in [0, 1], as in torchvision's presets. */
const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
const IMAGENET_STD = [0.229, 0.224, 0.225] as const;

export interface BatchNormSettings {
  readonly eps: number;
  readonly momentum: number;
}

export class NetworkBuilder {
  readonly ops: Op[] = [];
  readonly parameters: Parameter[] = [];
  readonly #batchNorm: BatchNormSettings;
  #part: Part = { kind: "stem" };
  #last = "image";
  #shape: ValueShape;

  constructor(imageSizePx: number, batchNorm: BatchNormSettings) {
    this.#batchNorm = batchNorm;
    this.#shape = { kind: "map", heightPx: imageSizePx, widthPx: imageSizePx, channels: 3 };
  }

  /** Name of the latest value. */
  get last(): string {
    return this.#last;
  }

  get channels(): number {
    return this.#shape.channels;
  }

  /** Ops and parameters from here on belong to this part. */
  enter(part: Part): void {
    this.#part = part;
  }

  normalize(name: string): void {
    this.#add({ ...this.#base(name), kind: "normalize", mean: IMAGENET_MEAN, std: IMAGENET_STD });
  }

  conv(name: string, outChannels: number, kernel: number, stride: 1 | 2): void {
    const inChannels = this.channels;
    const padding = Math.floor(kernel / 2);
    const weight = this.#parameter(`${name}.weight`, "convWeight", [outChannels, inChannels, kernel, kernel]);
    const output = this.#convolved(outChannels, kernel, stride);
    this.#add({ ...this.#base(name, output), kind: "conv", inChannels, outChannels, kernel, stride, padding, weight });
  }

  depthwiseConv(name: string, kernel: 3 | 5, stride: 1 | 2): void {
    const channels = this.channels;
    const padding = Math.floor(kernel / 2);
    const weight = this.#parameter(`${name}.weight`, "depthwiseWeight", [channels, 1, kernel, kernel]);
    const output = this.#convolved(channels, kernel, stride);
    this.#add({ ...this.#base(name, output), kind: "depthwiseConv", channels, kernel, stride, padding, weight });
  }

  batchNorm(name: string): void {
    const channels = this.channels;
    this.#add({
      ...this.#base(name),
      kind: "batchNorm",
      channels,
      ...this.#batchNorm,
      weight: this.#parameter(`${name}.weight`, "batchNormWeight", [channels]),
      bias: this.#parameter(`${name}.bias`, "batchNormBias", [channels]),
      runningMean: this.#parameter(`${name}.running_mean`, "runningMean", [channels]),
      runningVar: this.#parameter(`${name}.running_var`, "runningVar", [channels]),
    });
  }

  activation(name: string, activation: Activation): void {
    this.#add({ ...this.#base(name), kind: "activation", activation });
  }

  squeezeExcite(name: string, squeezeChannels: number, withBias: boolean): void {
    const channels = this.channels;
    const weight1 = this.#parameter(`${name}.fc1.weight`, "convWeight", [squeezeChannels, channels, 1, 1]);
    const bias1 = withBias ? this.#parameter(`${name}.fc1.bias`, "bias", [squeezeChannels]) : null;
    const weight2 = this.#parameter(`${name}.fc2.weight`, "convWeight", [channels, squeezeChannels, 1, 1]);
    const bias2 = withBias ? this.#parameter(`${name}.fc2.bias`, "bias", [channels]) : null;
    const weights = { weight1, bias1, weight2, bias2 };
    this.#add({ ...this.#base(name), kind: "squeezeExcite", channels, squeezeChannels, ...weights });
  }

  /** Adds the value of the op `shortcut`. */
  add(name: string, shortcut: string): void {
    this.#add({ ...this.#base(name), kind: "add", shortcut });
  }

  globalAveragePool(name: string): void {
    this.#add({ ...this.#base(name, { kind: "vector", channels: this.channels }), kind: "globalAveragePool" });
  }

  dense(name: string, outFeatures: number): void {
    const inFeatures = this.channels;
    const weight = this.#parameter(`${name}.weight`, "denseWeight", [outFeatures, inFeatures]);
    const bias = this.#parameter(`${name}.bias`, "bias", [outFeatures]);
    const output = { kind: "vector", channels: outFeatures } as const;
    this.#add({ ...this.#base(name, output), kind: "dense", inFeatures, outFeatures, weight, bias });
  }

  dropout(name: string, rate: number): void {
    this.#add({ ...this.#base(name), kind: "dropout", rate });
  }

  #base(name: string, output: ValueShape = this.#shape) {
    return { name, input: this.#last, output, part: this.#part };
  }

  #add(op: Op): void {
    this.ops.push(op);
    this.#last = op.name;
    this.#shape = op.output;
  }

  #parameter(name: string, kind: ParameterKind, shape: readonly number[]): string {
    this.parameters.push({ name, kind, shape, part: this.#part });
    return name;
  }

  #convolved(channels: number, kernel: number, stride: number): ValueShape {
    if (this.#shape.kind !== "map") throw new TypeError("a convolution takes a map, not a vector");
    const size = (sizePx: number) => Math.floor((sizePx + 2 * Math.floor(kernel / 2) - kernel) / stride) + 1;
    return { kind: "map", heightPx: size(this.#shape.heightPx), widthPx: size(this.#shape.widthPx), channels };
  }
}
