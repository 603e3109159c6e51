// torchvision's float64 answers for formula states (test/golden/model-torch.py), read and typed, for the engines' whole-network tests.
// The states of gradient cases keep all values away from the activations' corners, where a rounding would change whole gradients.
import { readFileSync } from "node:fs";
import { trainableParameters } from "../../core/model/freeze.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { Network } from "../../core/model/network.ts";
import { formulaDropoutMask, formulaImages, formulaState, formulaTargets, mix } from "./formula-state.ts";

interface Case {
  readonly size: "large" | "small";
  readonly widthMult: number;
  readonly imageSizePx: number;
  readonly batch: number;
  /** Label smoothing of the targets. */
  readonly smoothing: number;
  readonly sampleWeights: readonly number[] | null;
}

export interface GradientCase extends Case {
  readonly layout: "torchvision" | "article";
  readonly dropoutRate: number;
  readonly freeze: "none" | "backbone" | "blocks";
  readonly frozenBatchNorm: "inference" | "update";
  /** By how many 1/1024 a bias is moved off a corner. */
  readonly moves: readonly (readonly [parameter: number, channel: number, moves: number])[];
  readonly loss: number;
  /** Largest relative error of a gradient in PyTorch's own float32. */
  readonly torchFloat32Error: number;
  /** In order of the trainable parameters: norm, then four sums with fixed signs (signedSums). */
  readonly gradients: readonly (readonly [number, number, number, number, number])[];
}

/** Logits [batch][classes] in inference mode, and in training mode (batch statistics, no dropout) with their loss. */
export interface LogitsCase extends Case {
  readonly inference: readonly (readonly number[])[];
  readonly training: readonly (readonly number[])[];
  readonly trainingLoss: number;
}

/** SGD with momentum 0.9 on one batch, all parameters trainable, no weight decay; losses before each step. */
export interface TrainingCase extends Case {
  readonly steps: number;
  readonly lr: number;
  readonly losses: readonly number[];
  /** After the last step, by name of the statistic: sum and root of the sum of squares. */
  readonly statistics: Readonly<Record<string, readonly [sum: number, norm: number]>>;
}

const CLASSES = 3;

export const gradientCases = read<GradientCase>("model-gradients.json");
export const logitsCases = read<LogitsCase>("model-logits.json");
export const trainingCases = read<TrainingCase>("model-training.json");

/** The case in a few words, for a test's name. */
export function describeCase(given: Case & Partial<GradientCase>): string {
  const {
    size,
    widthMult,
    imageSizePx,
    layout = "torchvision",
    freeze = "none",
    frozenBatchNorm = "inference",
  } = given;
  return `${size} ${widthMult} ${layout} ${imageSizePx} px, freeze ${freeze}, frozen batch-norm ${frozenBatchNorm}`;
}

/** The network of a case: eps 1e-3, momentum 0.1, 3 classes. */
export function caseNetwork(given: Case & Partial<GradientCase>): Network {
  const { size, widthMult, imageSizePx, layout = "torchvision", dropoutRate: dropout = 0 } = given;
  const batchNorm = { eps: 1e-3, momentum: 0.1 };
  return mobilenetV3({ size, layout, widthMult, classes: CLASSES, imageSizePx, dropout, batchNorm });
}

/** The batch of a case, as Program.gradients and trainStep take it. */
export function caseBatch(given: Case & Partial<GradientCase>) {
  const { batch, imageSizePx, smoothing, sampleWeights, dropoutRate = 0 } = given;
  const features = caseNetwork(given).ops.find((op) => op.kind === "dropout")?.output.channels ?? 0;
  return {
    images: formulaImages(batch, imageSizePx),
    targets: formulaTargets(batch, CLASSES, smoothing),
    ...(sampleWeights && { sampleWeights: Float32Array.from(sampleWeights) }),
    ...(dropoutRate > 0 && { dropoutMask: formulaDropoutMask(batch, features, dropoutRate) }),
  };
}

/** The formula's state with the case's moves. */
export function caseState(given: GradientCase): Map<string, Float32Array> {
  const network = caseNetwork(given);
  const state = formulaState(network);
  for (const [position, channel, moves] of given.moves) {
    const values = state.get(network.parameters[position]?.name ?? "") as Float32Array;
    values[channel] = (values[channel] as number) + moves / 1024;
  }
  return state;
}

/** A gradient's norm and signed sums in float64. */
type ExpectedGradient = readonly [norm: number, ...sums: number[]];

/** What torchvision gives for each trainable parameter of the case. */
export function expectedGradients(given: GradientCase): Map<string, ExpectedGradient> {
  const names = [...trainableParameters(caseNetwork(given), given.freeze)];
  return new Map(names.map((name, i) => [name, given.gradients[i] ?? [NaN]]));
}

/** Below this share of the largest norm a gradient is 0 but for rounding (1e-16): a bias before a 1 x 1 convolution and a batch-norm. */
const ZERO = 1e-9;

/** Names of gradients that are further from torchvision's than a share of their norm, and how far. */
export function wrongGradients(
  given: GradientCase,
  gradients: ReadonlyMap<string, Float32Array>,
  tolerance: number,
): string[] {
  const expected = [...expectedGradients(given)];
  const largest = Math.max(...expected.map(([, [norm]]) => norm));
  return expected.flatMap(([name, [norm, ...sums]]) => {
    const values = gradients.get(name) ?? new Float32Array();
    const apart = signedSums(values).map((sum, i) => sum - (sums[i] as number));
    const error = Math.max(Math.abs(normOf(values) - norm), normOf(apart) / Math.sqrt(apart.length));
    const room = norm < ZERO * largest ? 1e-6 * largest : tolerance * norm;
    return error < room ? [] : [`${name}: ${error / norm}`];
  });
}

/** Gradients of two engines that are further apart than a share of their norm, and how far. */
export function partingGradients(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
  tolerance: number,
): string[] {
  const largest = Math.max(...[...a.values()].map(normOf));
  return [...a].flatMap(([name, values]) => {
    const other = b.get(name) ?? new Float32Array();
    const error = normOf(values.map((value, i) => value - (other[i] as number)));
    const isZero = normOf(values) < 1e-6 * largest && normOf(other) < 1e-6 * largest;
    return isZero || error < tolerance * normOf(values) ? [] : [`${name}: ${error / normOf(values)}`];
  });
}

/** As in test/golden/model-torch.py: of a difference of two gradients, their root mean square is near its norm. */
function signedSums(values: Float32Array): number[] {
  const sums = [0, 0, 0, 0];
  values.forEach((value, index) => {
    const bits = mix(index);
    for (let j = 0; j < sums.length; j++) sums[j] = (sums[j] as number) + ((bits >>> j) & 1 ? value : -value);
  });
  return sums;
}

function normOf(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
}

function read<T>(file: string): readonly T[] {
  return (JSON.parse(readFileSync(`test/golden/${file}`, "utf8")) as { cases: T[] }).cases;
}
