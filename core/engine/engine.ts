// The contract of an engine: what turns a network, which is data, into arithmetic. The trainer knows this file and no engine.
import type { Network, State } from "../model/network.ts";

/**
 * Update rules, all as in PyTorch. Adam and AdamW: eps is added to sqrt(v / (1 - beta2^t)). RMSprop: eps is added to the root of the
 * mean square, and lr multiplies the momentum's sum; TensorFlow's has eps under the root and lr inside the sum.
 */
export type Optimizer =
  | {
      readonly kind: "adam" | "adamw";
      readonly beta1: number;
      readonly beta2: number;
      readonly eps: number;
      readonly weightDecay: number;
    }
  | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov: boolean; readonly weightDecay: number }
  | {
      readonly kind: "rmsprop";
      readonly alpha: number;
      readonly eps: number;
      readonly momentum: number;
      readonly weightDecay: number;
    };

export interface CompileOptions {
  /** The largest number of images in a batch; a smaller batch, such as an epoch's last, works too. At least 1. */
  readonly batchSize: number;
  /** Names of the parameters that the optimizer changes; all others keep their bits. */
  readonly trainable: ReadonlySet<string>;
  /** What a batch-norm does whose parameters are not trainable: use its running statistics, or the batch's and update them. */
  readonly frozenBatchNorm: "inference" | "update";
  readonly optimizer: Optimizer;
  /**
   * After each step, average += (1 - emaDecay) * (value - average) for every weight and statistic, as PyTorch's AveragedModel with
   * get_ema_multi_avg_fn(emaDecay) and use_buffers; absent: none is kept. In a state they are "ema.<parameter>".
   */
  readonly emaDecay?: number;
  /** "training" compiles trainStep, gradients and evaluate; "inference" evaluate alone, in less memory. */
  readonly purpose: "training" | "inference";
}

export interface Batch {
  /** uint8 [B, H, W, 3], RGB; B from 1 to batchSize (2 where a batch-norm sees one value a channel). */
  readonly images: Uint8Array;
  /**
   * float32 [B, K]: what each class's term -log softmax(logits) counts in a sample's loss: one-hot, smoothed, mixed, or times class
   * weights; the largest stands at the label.
   */
  readonly targets: Float32Array;
  /** float32 [B]: weight of each sample's loss; absent: all 1. The batch's loss is sum(weight * loss) / sum(weight). */
  readonly sampleWeights?: Float32Array;
  /** float32 [B, F]: 0 or 1 / (1 - rate), for the network's dropout op over F features; absent: no dropout. */
  readonly dropoutMask?: Float32Array;
}

/** A batch of features in place of images, see FrozenFeatures. */
export interface FeatureBatch extends Omit<Batch, "images"> {
  /** float32 [B, F] */
  readonly features: Float32Array;
}

/**
 * Where only the head (the dense layers) trains and no statistic changes, what the head reads of an image never changes either: it
 * can be computed once and kept. Results have the same bits as from the image.
 */
export interface FrozenFeatures {
  /** F: how many numbers an image has. */
  readonly count: number;
  /** @param images uint8 [B, H, W, 3] @returns float32 [B, F] */
  compute(images: Uint8Array): Promise<Float32Array>;
  /** As Program.trainStep. */
  trainStep(batch: FeatureBatch, settings: StepSettings): Promise<StepResult>;
  /** As Program.evaluate. @param features float32 [B, F] @returns logits float32 [B, K] */
  evaluate(features: Float32Array): Promise<Float32Array>;
}

/** What the head reads the mean of: the value of the last convolution, batch-norm and activation. */
export interface FeatureMaps {
  /** float32 [B, heightPx, widthPx, channels] */
  readonly maps: Float32Array;
  readonly heightPx: number;
  readonly widthPx: number;
  readonly channels: number;
}

export interface StepResult {
  /** Mean cross-entropy of the batch before the update. */
  readonly loss: number;
  /** How many images' largest logit stands where their largest target stands (first index wins a tie). */
  readonly correct: number;
}

export interface StepSettings {
  readonly lr: number;
  /** The optimizer's step number, from 1: bias correction uses it. */
  readonly step: number;
  /** Largest norm of all gradients together; absent: no clipping. */
  readonly clipNorm?: number;
}

export interface Program {
  /** Bytes of memory that the program holds. */
  readonly memoryBytes: number;
  /** Takes over weights, statistics and, where present, moments (absent ones start at zero) and averages (at the weights). Copies. */
  load(state: State): Promise<void>;
  /** Copies, not to be written to, of all weights, statistics, moments of trainable parameters, and averages. */
  save(): Promise<Map<string, Float32Array>>;
  /** One step: forward, backward, update. Steps run one after the other. */
  trainStep(batch: Batch, settings: StepSettings): Promise<StepResult>;
  /** @param images uint8 [B, H, W, 3] @returns logits float32 [B, K], with running statistics and no dropout */
  evaluate(images: Uint8Array): Promise<Float32Array>;
  /** Gradients of the loss by parameter name, without an update; statistics unchanged. For checks. */
  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: Map<string, Float32Array> }>;
  /** For explanations; absent in engines that do not have it. @param images uint8 [B, H, W, 3] */
  featureMaps?(images: Uint8Array): Promise<FeatureMaps>;
  /** Absent where more than the head trains, where statistics change, and in engines that do not have it. */
  readonly frozenFeatures?: FrozenFeatures;
  /** Frees memory; no call may follow. */
  dispose(): void;
}

/** What is stored with a run, beside its bits. */
export interface EngineIdentity {
  readonly name: "portable" | "tensorflow";
  readonly version: string;
  /** "cpu", or the GPU's name. */
  readonly device: string;
  /** Which code runs: "wasm", "native-avx512", "native-avx2", "native-sse2", "native-neon", "graph". */
  readonly kernels: string;
  readonly threads: number;
}

/** Where the time went in one kind of work, such as "train" or "evaluate". */
export interface WorkProfile {
  readonly work: string;
  /** How many batches. */
  readonly plans: number;
  /** Milliseconds in all of them; what the entries of `kernels` add up to. */
  readonly wallMs: number;
  /** Kinds of kernels, and what is no kernel: waiting. Milliseconds of a thread, mean over the threads; longest first. */
  readonly kernels: readonly { readonly kernel: string; readonly ms: number }[];
}

export interface Engine {
  readonly identity: EngineIdentity;
  compile(network: Network, options: CompileOptions): Promise<Program>;
  /** What was measured since the last call; empty where the engine was not asked to measure, absent where it cannot. */
  takeProfile?(): readonly WorkProfile[];
  /** Stops threads and frees what the engine holds. */
  close(): Promise<void>;
}
