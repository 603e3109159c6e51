// What an experiment says, in two forms: what a researcher writes (`Experiment`) and what one run is made of (`Settings`),
// every default filled in. All of `Settings` is hashed and stored; a number that affects a result stands nowhere else.
import type { Augmentation, CenterCrop, EvaluationView, Source } from "../data/index.ts";
import type { Optimizer } from "../engine/engine.ts";
import type { Grid } from "./grid.ts";
import type { EpochHook } from "./hooks.ts";
import type { Search } from "./search.ts";

/** What is frozen: nothing, all features, the blocks (stem, last convolution and classifier train), or the first n blocks and the stem. */
export type Freeze = "none" | "backbone" | "blocks" | { readonly upTo: number };

/** One stage of a schedule: `epochs` absent means to the end. */
export interface FreezeStage {
  readonly epochs?: number;
  readonly part: Freeze;
  readonly lr?: number;
}

/** Where the weights come from. */
export type Init =
  | { readonly kind: "random" }
  | { readonly kind: "run"; readonly run: string } // "experiment/variant/seed", or "./file.ts#variant/seed"
  | { readonly kind: "file"; readonly path: string; readonly classifier: boolean }
  | { readonly kind: "imagenet"; readonly weights: "V1" | "V2" };

/** Learning-rate schedules over the steps of a run; in the warm-up epochs, which may be a fraction, it rises in equal steps to lr. */
export type Schedule = { readonly warmupEpochs: number } & (
  | { readonly kind: "constant" }
  | { readonly kind: "cosine"; readonly finalLr: number }
  | { readonly kind: "step"; readonly everyEpochs: number; readonly factor: number }
  | Plateau
);

/** PyTorch's ReduceLROnPlateau: times `factor` after more than `patience` epochs without a validation loss below (1 - threshold) * best. */
export interface Plateau {
  readonly kind: "plateau";
  readonly factor: number;
  readonly patience: number;
  readonly threshold: number;
  /** Epochs after a reduction that do not count. */
  readonly cooldownEpochs: number;
  readonly minLr: number;
}

/** The training ends after `patience` epochs without a validation loss below the best so far minus `minDelta`. */
export interface EarlyStopping {
  readonly patience: number;
  readonly minDelta: number;
}

/** "balanced": samples / (classes * samples of the class), counted in the training part; or weights by class name, 1 where not named. */
export type ClassWeights = "balanced" | Readonly<Record<string, number>>;

/** Everything that decides a run's bits, besides the seed, the data and the split. */
export interface Settings {
  readonly size: "large" | "small";
  readonly layout: "torchvision" | "article";
  /** Multiplies the channels; 0.1 to 4. */
  readonly widthMult: number;
  /** Side of the network's square input, 32 to 512. */
  readonly imageSizePx: number;
  /** Shorter side of the prepared images. */
  readonly storeSizePx: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly optimizer: Optimizer;
  readonly lr: number;
  readonly schedule: Schedule;
  /** 0 to 1, before the last dense layer. */
  readonly dropout: number;
  readonly batchNorm: { readonly eps: number; readonly momentum: number };
  readonly init: Init;
  readonly freeze: readonly FreezeStage[];
  readonly frozenBatchNorm: "inference" | "update";
  readonly labelSmoothing: number;
  /** Largest norm of all gradients together, or null. */
  readonly clipNorm: number | null;
  /** Of each class in the training loss, or null: all 1. */
  readonly classWeights: ClassWeights | null;
  /** Of the moving average of weights and statistics, which then is what is evaluated and kept as best; or null: none. */
  readonly emaDecay: number | null;
  readonly earlyStopping: EarlyStopping | null;
  readonly augment: readonly Augmentation[];
  /** What validation and prediction see of an image; absent: the whole, resized. */
  readonly evaluation?: CenterCrop;
  /** Smallest share of backbone parameters that an import must load, 0 to 1. */
  readonly minLoaded: number;
}

/** All but the named keys may be left out. */
type Defaulted<T, Keys extends PropertyKey> = T extends unknown ? Pick<T, Extract<keyof T, Keys>> & Partial<T> : never;

/** What a variant or `base` may say; everything has a default. */
export interface SettingsInput {
  size?: "large" | "small";
  layout?: "torchvision" | "article";
  widthMult?: number;
  imageSizePx?: number;
  storeSizePx?: number;
  batchSize?: number;
  epochs?: number;
  /** Its name, or its kind and what differs from the default. */
  optimizer?: Optimizer["kind"] | Defaulted<Optimizer, "kind">;
  lr?: number;
  weightDecay?: number;
  schedule?: Exclude<Schedule["kind"], "step"> | Defaulted<Schedule, "kind" | "everyEpochs">;
  dropout?: number;
  batchNorm?: { eps?: number; momentum?: number };
  init?: Init;
  freeze?: Freeze | readonly FreezeStage[];
  frozenBatchNorm?: "inference" | "update";
  labelSmoothing?: number;
  clipNorm?: number | null;
  classWeights?: ClassWeights | null;
  emaDecay?: number | null;
  earlyStopping?: Defaulted<EarlyStopping, "patience"> | null;
  augment?: readonly Augmentation[];
  evaluation?: EvaluationView;
  minLoaded?: number;
}

/** Synchronous successive halving (Jamieson and Talwalkar 2016). */
export interface Halving {
  /** Of the variants, one in so many goes on from a rung; each rung has so many times the epochs of the one before. At least 2. */
  readonly factor: number;
  /** Of the first rung. */
  readonly firstEpochs: number;
  /** Of the validation; each run counts with its best epoch so far, a variant with the mean of its runs. */
  readonly metric: HalvingMetric;
}

export const HALVING_METRICS = ["loss", "accuracy", "precision", "recall", "f1", "auc"] as const;
export type HalvingMetric = (typeof HALVING_METRICS)[number];
export type HalvingInput = Partial<Halving>;

/** How the samples are divided: fractions that sum to 1 (official parts of a source are kept), or k folds, each a run. */
export type SplitInput = FractionSplit | FoldSplit;

export interface FractionSplit {
  train: number;
  val: number;
  test: number;
  seed?: SplitSeed;
}

/** Of k pieces, fold f tests on piece f, validates on the next and trains on the rest. */
export interface FoldSplit {
  /** At least 3. */
  folds: number;
  seed?: SplitSeed;
}

/** A number: one split for all runs, so that they are compared on the same samples; "run": the run's seed. */
export type SplitSeed = number | "run";

/** With its seed filled in. */
export type PlannedSplit = Required<FractionSplit> | Required<FoldSplit>;

/** What an experiment file exports. */
export interface Experiment {
  name: string;
  project?: string;
  data: Source;
  split?: SplitInput;
  onBadImage?: "stop" | "skip";
  /** Name of the class whose precision, recall, F1 and AUC are reported. */
  positiveClass: string;
  seeds?: readonly number[];
  base?: SettingsInput;
  variants?: Readonly<Record<string, SettingsInput>>;
  /** Lists of values: every combination becomes a variant, named "lr=0.001+widthMult=0.5". */
  grid?: Grid;
  /** So many random draws from a space become variants, named as a grid's. */
  search?: Search;
  /** Trains all variants a little, and only the best of them on; decided by stored validation results alone. */
  halving?: HalvingInput;
  /** Called after each epoch's validation; may log and cannot change the training. */
  onEpochEnd?: EpochHook;
  /** Histograms of weights (and gradients) with each run; true: of weights, after every epoch. */
  histograms?: boolean | { gradients?: boolean; everyEpochs?: number };
}
