// Where a run's events go. The trainer knows this interface and never Postgres; core/store implements it.
// Every call returns at once; `flush` waits until all is stored. Epochs and batches count from 1; digests are 64 hex digits.
import type { WorkProfile } from "../engine/engine.ts";
import type { ClassMetrics } from "./metrics.ts";

export type Phase = "train" | "val" | "test";

/** A finished run on another labelled set (`exp evaluate`); it has one epoch, and no batches in the chain. */
export type ExternalPhase = `external:${string}`;

export interface BatchEvent {
  readonly kind: "batch";
  readonly phase: Phase;
  readonly epoch: number;
  readonly batch: number;
  /** Mean cross-entropy; its double bits are in the chain. */
  readonly loss: number;
  readonly correct: number;
  /** Samples in the batch. */
  readonly n: number;
  /** Learning rate of the step; null outside training. */
  readonly lr: number | null;
  readonly durationMs: number;
  /** Digest chain after this batch. */
  readonly chain: string;
  /** Counts for the positive class against the rest; null outside the test phase. */
  readonly counts: { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number } | null;
}

/** Null: undefined for these predictions (no positive sample, one class only, …). */
export interface Metrics {
  readonly loss: number;
  readonly accuracy: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly auc: number | null;
}

export interface EpochEvent {
  readonly kind: "epoch";
  readonly phase: Phase | ExternalPhase;
  readonly epoch: number;
  readonly metrics: Metrics;
  readonly lr: number | null;
  readonly durationMs: number;
  readonly imagesPerSecond: number;
  /** Digest of all weights, statistics and moments after a training epoch; null for val and test. */
  readonly stateDigest: string | null;
}

export interface ConfusionEvent {
  readonly kind: "confusion";
  readonly phase: Phase | ExternalPhase;
  readonly epoch: number;
  /** counts[true class][predicted class] */
  readonly counts: readonly (readonly number[])[];
}

/** What else an evaluation's predictions say: by class, over classes, calibration. */
export interface ScoresEvent {
  readonly kind: "scores";
  readonly phase: Phase | ExternalPhase;
  readonly epoch: number;
  readonly scores: ClassMetrics;
}

export interface PredictionsEvent {
  readonly kind: "predictions";
  readonly phase: Phase | ExternalPhase;
  readonly epoch: number;
  readonly sampleIds: readonly string[];
  readonly labels: readonly number[];
  readonly predicted: readonly number[];
  /** float32 [n, K] in rows, the engine's own bits. */
  readonly logits: readonly (readonly number[])[];
  /** [n, K] in rows, softmax in double precision. */
  readonly probabilities: readonly (readonly number[])[];
}

export interface ArtifactEvent {
  readonly kind: "artifact";
  /** "checkpoint", "contact-sheet", "confusion-picture", … */
  readonly artifactKind: string;
  readonly name: string;
  readonly mediaType: string;
  /** Path below EXP_HOME. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly epoch: number | null;
  /** Of an image or table that a program logged. */
  readonly step?: number | null;
}

/** A thumbnail or another file of one sample of the data set. */
export interface SampleArtifact {
  readonly sampleId: string;
  readonly kind: string;
  readonly mediaType: string;
  /** Below EXP_HOME. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Files of samples: runs on the same images share them. */
export interface SampleArtifactsEvent {
  readonly kind: "sample-artifacts";
  readonly datasetDigest: string;
  readonly files: readonly SampleArtifact[];
}

/** A user's or an event's line: console output, a warning, an engine switch, a resume. */
export interface LogEvent {
  readonly kind: "log";
  readonly level: "info" | "warning" | "error";
  readonly text: string;
}

/** A number that a hook logs. */
export interface MetricEvent {
  readonly kind: "metric";
  readonly name: string;
  readonly step: number;
  readonly epoch: number | null;
  readonly value: number;
}

/** How numbers are spread, see histogram.ts. */
export interface HistogramEvent {
  readonly kind: "histogram";
  readonly name: string;
  readonly step: number;
  readonly epoch: number | null;
  /** One more than counts, ascending. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Where the engine's time went in all of the run, of `exp run --profile`; replaces an earlier attempt's. */
export interface ProfileEvent {
  readonly kind: "profile";
  readonly works: readonly WorkProfile[];
}

/** The run's best epoch so far, by validation loss. */
export interface BestEvent {
  readonly kind: "best";
  readonly epoch: number;
  readonly valLoss: number;
}

export type RunStatus = "queued" | "running" | "done" | "failed" | "interrupted" | "paused" | "pruned" | "lost";

export interface StatusEvent {
  readonly kind: "status";
  readonly status: RunStatus;
  /** The run's digest, once done. */
  readonly digest: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export type RunEvent =
  | BatchEvent
  | EpochEvent
  | ConfusionEvent
  | ScoresEvent
  | PredictionsEvent
  | ArtifactEvent
  | SampleArtifactsEvent
  | LogEvent
  | MetricEvent
  | HistogramEvent
  | ProfileEvent
  | BestEvent
  | StatusEvent;

/** Takes the events of one run. */
export interface Recorder {
  readonly runId: string;
  /** Never waits for the database. @throws LockstepError "storage" when the spool cannot be written */
  record(event: RunEvent): void;
  /** Waits until everything recorded so far is in the database, or only in the spool when the database is away. */
  flush(): Promise<{ readonly stored: boolean }>;
  close(): Promise<void>;
}
