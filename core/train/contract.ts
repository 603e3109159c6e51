// What a training is given and what it gives back. Whoever starts trainings (core/run) knows this file and trainer.ts.
// The trainer records batches, epochs, confusions, predictions, the best epoch and artifacts; the run's status is its starter's.
import type { Manifest, Prepared, Resampler, Split } from "../data/sample.ts";
import type { Engine } from "../engine/engine.ts";
import type { Hooks } from "../experiment/hooks.ts";
import type { Settings } from "../experiment/settings.ts";
import type { Network, State } from "../model/network.ts";
import type { EngineChange } from "./chain.ts";
import type { ClassMetrics } from "./metrics.ts";
import type { Metrics, Phase, Recorder } from "./recorder.ts";

export interface TrainData {
  readonly manifest: Manifest;
  readonly split: Split;
  readonly prepared: Prepared;
  readonly resampler: Resampler;
}

export interface TrainInput {
  readonly settings: Settings;
  readonly seed: number;
  readonly network: Network;
  /** Initial weights and statistics, or what makes them while the program is compiled; unused where `resumeFrom` is given. */
  readonly state: State | (() => Promise<State>);
  readonly engine: Engine;
  readonly data: TrainData;
  /** One of manifest.classes: whose precision, recall, F1 and AUC are reported. */
  readonly positiveClass: string;
  readonly recorder: Recorder;
  readonly checkpoints: CheckpointPlan;
  /** Path of a checkpoint of this run (`latestCheckpoint(folder)` finds it); absent: from the beginning. */
  readonly resumeFrom?: string | null;
  /** The checkpoint is another engine's: the next batch's link tells it; null or absent: it is this one's. */
  readonly engineChange?: EngineChange | null;
  /**
   * What an earlier attempt stored of a batch. A batch that is repeated and differs ends the training with LockstepError "verdict".
   * Events of repeated batches are recorded again, under the same phase, epoch and batch.
   */
  readonly knownLinks?: KnownLinks;
  /** Ends the training after the batch under way, with a checkpoint where there is time for one, by throwing Interrupted. */
  readonly signal: AbortSignal;
  /** Ends the training after this epoch by throwing Paused, unless it is over by then; null or absent: trains to its end. */
  readonly pauseAfterEpoch?: number | null;
  /** What looks at the training between epochs and logs; absent: nothing. */
  readonly hooks?: Hooks;
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface CheckpointPlan {
  /** Folder of this run's checkpoints and pictures; made where it does not exist. */
  readonly folder: string;
  /** Paths of artifacts are recorded relative to this folder (EXP_HOME). */
  readonly home: string;
  /** A further checkpoint every so many training steps; null or absent: at the end of each epoch only. */
  readonly everySteps?: number | null;
  /** How many of those further checkpoints are kept, newest first; default 2. */
  readonly keep?: number;
  /** Called when a step's checkpoint is on disk; must not wait. */
  readonly onStep?: (saved: SavedStep) => void;
}

export interface SavedStep {
  /** Training steps behind it. */
  readonly step: number;
  readonly path: string;
  /** The best epoch's weights so far; null: none was validated yet. */
  readonly bestPath: string | null;
}

export interface KnownLink {
  readonly chain: string;
  readonly loss: number;
  readonly correct: number;
}

/** @param epoch from 1 @param batch from 1 */
export type KnownLinks = (phase: Phase, epoch: number, batch: number) => KnownLink | null;

/** Where the training stands after a batch. */
export interface TrainProgress {
  readonly phase: Phase;
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  /** Batches of this phase in one epoch. */
  readonly batches: number;
  /** Batches of all phases done since the training's beginning, and in all until its end or pause: what time is left follows from them. */
  readonly doneBatches: number;
  readonly totalBatches: number;
  /** Mean over this epoch's samples so far. */
  readonly loss: number;
  readonly accuracy: number;
  /** Of the latest validation, or null. */
  readonly valLoss: number | null;
  readonly valAccuracy: number | null;
  readonly imagesPerSecond: number;
  readonly lr: number | null;
}

/** Labels and outputs of the network, sample by sample in the order of their evaluation. */
export interface Predictions {
  readonly sampleIds: readonly string[];
  readonly labels: readonly number[];
  readonly predicted: readonly number[];
  /** float32 [n, K] in rows */
  readonly logits: readonly (readonly number[])[];
  /** [n, K] in rows, softmax in double precision */
  readonly probabilities: readonly (readonly number[])[];
}

export interface Evaluation {
  readonly predictions: Predictions;
  readonly metrics: Metrics;
  readonly classMetrics: ClassMetrics;
  /** counts[true class][predicted class] */
  readonly confusion: readonly (readonly number[])[];
}

export interface TrainResult {
  /** The run's digest: sha256(last chain digest, last state digest, test predictions). */
  readonly digest: string;
  readonly chain: string;
  /** Of all weights, statistics and moments after the last epoch. */
  readonly stateDigest: string;
  readonly best: {
    readonly epoch: number;
    readonly valLoss: number;
    readonly valAccuracy: number;
    readonly path: string;
  };
  /** The last checkpoint: weights and moments after the last epoch. */
  readonly lastPath: string;
  readonly test: Evaluation;
}
