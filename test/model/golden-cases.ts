// torchvision's float64 answers for formula states (test/golden/model-torch.py), read and typed, for the engines' whole-network tests.
// Where a 1 x 1 convolution and a batch-norm follow a batch-norm without activation, the gradient of the latter's bias is 0 but for
// rounding (1e-17 in the goldens): compare elements with an absolute tolerance that follows the largest norms, not with a relative one.
import { readFileSync } from "node:fs";
import { trainableParameters } from "../../core/model/freeze.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import { elementCount, type Network } from "../../core/model/network.ts";
import { formulaDropoutMask, formulaImages, formulaTargets } from "./formula-state.ts";

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
  readonly loss: number;
  /** In order of the trainable parameters: norm, then elements floor((n - 1) j / 3) for j = 0, 1, 2, 3. */
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

export interface ExpectedGradient {
  readonly norm: number;
  readonly elements: readonly { readonly index: number; readonly value: number }[];
}

/** What torchvision gives for each trainable parameter of the case. */
export function expectedGradients(given: GradientCase): Map<string, ExpectedGradient> {
  const network = caseNetwork(given);
  const sizes = new Map(network.parameters.map((p) => [p.name, elementCount(p.shape)]));
  const names = [...trainableParameters(network, given.freeze)];
  return new Map(
    names.map((name, i) => {
      const [norm, ...values] = given.gradients[i] ?? [NaN];
      const last = (sizes.get(name) ?? 0) - 1;
      return [name, { norm, elements: values.map((value, j) => ({ index: Math.floor((last * j) / 3), value })) }];
    }),
  );
}

function read<T>(file: string): readonly T[] {
  return (JSON.parse(readFileSync(`test/golden/${file}`, "utf8")) as { cases: T[] }).cases;
}
