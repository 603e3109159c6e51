// What an experiment says, in two forms: what a researcher writes (`Experiment`) and what one run is made of (`Settings`),
// every default filled in. All of `Settings` is hashed and stored; a number that affects a result stands nowhere else.
import type { Source, Augmentation } from "../data/index.ts";
import type { Optimizer } from "../engine/engine.ts";

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

/** Learning-rate schedules over the steps of a run. */
export type Schedule =
  | { readonly kind: "constant" }
  | { readonly kind: "cosine"; readonly warmupEpochs: number; readonly finalLr: number }
  | { readonly kind: "step"; readonly everyEpochs: number; readonly factor: number };

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
  readonly augment: readonly Augmentation[];
  /** Smallest share of backbone parameters that an import must load, 0 to 1. */
  readonly minLoaded: number;
}

/** What a variant or `base` may say; everything has a default. */
export interface SettingsInput {
  size?: "large" | "small";
  layout?: "torchvision" | "article";
  widthMult?: number;
  imageSizePx?: number;
  storeSizePx?: number;
  batchSize?: number;
  epochs?: number;
  /** Its name, or all of it. */
  optimizer?: "adam" | "adamw" | "sgd" | "rmsprop" | Optimizer;
  lr?: number;
  weightDecay?: number;
  schedule?: "constant" | "cosine" | Schedule;
  dropout?: number;
  batchNorm?: { eps?: number; momentum?: number };
  init?: Init;
  freeze?: Freeze | readonly FreezeStage[];
  frozenBatchNorm?: "inference" | "update";
  labelSmoothing?: number;
  clipNorm?: number | null;
  augment?: readonly Augmentation[];
  minLoaded?: number;
}

/** How the samples are divided: fractions that sum to 1 and a seed; official parts of a source are kept. */
export interface SplitInput {
  train: number;
  val: number;
  test: number;
  /** A number: one split for all runs, so that they are compared on the same samples; "run": the run's seed. */
  seed?: number | "run";
}

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
  /** Lists of values: every combination becomes a variant, named "lr=0.001,widthMult=0.5". */
  grid?: { readonly [Key in keyof SettingsInput]?: readonly NonNullable<SettingsInput[Key]>[] };
}
