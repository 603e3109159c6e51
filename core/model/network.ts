// The model as plain data: a typed, JSON-serialisable list of ops in execution order. An engine compiles it; nothing here computes.
// Parameter names and layouts are torchvision's (convolutions OIHW, dense [out, in]), so that weights go in and out unchanged.

export type Activation = "relu" | "hardSwish" | "hardSigmoid";

/** Where in the network an op or parameter stands; what `freeze` speaks of. */
export type Part =
  | { readonly kind: "stem" }
  | { readonly kind: "block"; readonly index: number } // 1-based, as torchvision's features.N
  | { readonly kind: "lastConv" }
  | { readonly kind: "classifier" };

/** What a value looks like for one image: a map of H x W x C, or a vector of C. */
export type ValueShape =
  | { readonly kind: "map"; readonly heightPx: number; readonly widthPx: number; readonly channels: number }
  | { readonly kind: "vector"; readonly channels: number };

interface OpBase {
  /** Unique; the name of the value that the op makes. */
  readonly name: string;
  /** Name of the op that makes the input, or "image". */
  readonly input: string;
  readonly output: ValueShape;
  readonly part: Part;
}

/** uint8 image to (x / 255 - mean) / std, by channel; always the first op. */
export interface NormalizeOp extends OpBase {
  readonly kind: "normalize";
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}
/** Convolution without bias, groups 1, padding floor(kernel / 2) on both sides. weight [out, in, k, k]. */
export interface ConvOp extends OpBase {
  readonly kind: "conv";
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  readonly padding: number;
  readonly weight: string;
}
/** Depthwise convolution without bias, padding floor(kernel / 2). weight [C, 1, k, k]. */
export interface DepthwiseConvOp extends OpBase {
  readonly kind: "depthwiseConv";
  readonly channels: number;
  readonly kernel: 3 | 5;
  readonly stride: 1 | 2;
  readonly padding: number;
  readonly weight: string;
}
/** Batch-norm; running <- (1 - momentum) running + momentum batch, with the unbiased batch variance, as in PyTorch. */
export interface BatchNormOp extends OpBase {
  readonly kind: "batchNorm";
  readonly channels: number;
  readonly eps: number;
  readonly momentum: number;
  readonly weight: string;
  readonly bias: string;
  readonly runningMean: string;
  readonly runningVar: string;
}
export interface ActivationOp extends OpBase {
  readonly kind: "activation";
  readonly activation: Activation;
}
/** x * hardSigmoid(fc2(relu(fc1(mean over H and W of x)))). Weights [squeeze, C, 1, 1] and [C, squeeze, 1, 1]; biases or null. */
export interface SqueezeExciteOp extends OpBase {
  readonly kind: "squeezeExcite";
  readonly channels: number;
  readonly squeezeChannels: number;
  readonly weight1: string;
  readonly bias1: string | null;
  readonly weight2: string;
  readonly bias2: string | null;
}
/** input + shortcut. */
export interface AddOp extends OpBase {
  readonly kind: "add";
  readonly shortcut: string;
}
/** Mean over H and W: a map to a vector. */
export interface GlobalAveragePoolOp extends OpBase {
  readonly kind: "globalAveragePool";
}
/** x W^T + b. weight [out, in], bias [out]. */
export interface DenseOp extends OpBase {
  readonly kind: "dense";
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weight: string;
  readonly bias: string;
}
/** In training, zero with probability `rate`, else times 1 / (1 - rate). The mask is drawn outside the engine. */
export interface DropoutOp extends OpBase {
  readonly kind: "dropout";
  readonly rate: number;
}

export type Op =
  | NormalizeOp
  | ConvOp
  | DepthwiseConvOp
  | BatchNormOp
  | ActivationOp
  | SqueezeExciteOp
  | AddOp
  | GlobalAveragePoolOp
  | DenseOp
  | DropoutOp;

export type ParameterKind =
  | "convWeight"
  | "depthwiseWeight"
  | "denseWeight"
  | "bias"
  | "batchNormWeight"
  | "batchNormBias"
  | "runningMean" // a statistic: never a gradient
  | "runningVar"; // a statistic

export interface Parameter {
  /** torchvision's name, such as "features.1.block.0.0.weight". */
  readonly name: string;
  readonly kind: ParameterKind;
  readonly shape: readonly number[];
  readonly part: Part;
}

export interface Network {
  readonly family: "mobilenet-v3-large" | "mobilenet-v3-small";
  readonly layout: "torchvision" | "article";
  readonly widthMult: number;
  readonly classes: number;
  readonly imageSizePx: number;
  /** In execution order; the last op's output is the logits, a vector of `classes`. */
  readonly ops: readonly Op[];
  /** In torchvision's state_dict order, statistics included. */
  readonly parameters: readonly Parameter[];
}

/** Named float32 arrays: weights and statistics by parameter name, moments as "optimizer.<slot>.<parameter>". */
export type State = ReadonlyMap<string, Float32Array>;

/** Whether a parameter is a statistic, which has no gradient. */
export function isStatistic(parameter: Parameter): boolean {
  return parameter.kind === "runningMean" || parameter.kind === "runningVar";
}

/** Number of float32 elements of a parameter. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
