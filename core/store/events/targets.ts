// Which columns an event's rows fill, and which of them must agree when a row is sent again (after a crash, or by a resumed run).
import type { BatchEvent, EpochEvent, ExternalPhase, Phase } from "../../train/recorder.ts";
import type { Target } from "./insert-rows.ts";

export const batchTarget: Target<BatchEvent> = {
  table: "batches",
  key: ["phase", "epoch", "batch"],
  same: ["loss", "correct", "n", "chain"],
  columns: [
    { name: "phase", type: "text", value: (b) => b.phase },
    { name: "epoch", type: "int", value: (b) => b.epoch },
    { name: "batch", type: "int", value: (b) => b.batch },
    { name: "loss", type: "float8", value: (b) => b.loss },
    { name: "correct", type: "int", value: (b) => b.correct },
    { name: "n", type: "int", value: (b) => b.n },
    { name: "lr", type: "float8", value: (b) => b.lr },
    { name: "duration_ms", type: "float8", value: (b) => b.durationMs },
    { name: "tp", type: "int", value: (b) => b.counts?.tp ?? null },
    { name: "fp", type: "int", value: (b) => b.counts?.fp ?? null },
    { name: "fn", type: "int", value: (b) => b.counts?.fn ?? null },
    { name: "tn", type: "int", value: (b) => b.counts?.tn ?? null },
    { name: "chain", type: "hex", value: (b) => b.chain },
  ],
};

export const epochTarget: Target<EpochEvent> = {
  table: "epochs",
  key: ["phase", "epoch"],
  same: ["loss", "accuracy", "state_digest"],
  columns: [
    { name: "phase", type: "text", value: (e) => e.phase },
    { name: "epoch", type: "int", value: (e) => e.epoch },
    { name: "loss", type: "float8", value: (e) => e.metrics.loss },
    { name: "accuracy", type: "float8", value: (e) => e.metrics.accuracy },
    { name: "precision", type: "float8", value: (e) => e.metrics.precision },
    { name: "recall", type: "float8", value: (e) => e.metrics.recall },
    { name: "f1", type: "float8", value: (e) => e.metrics.f1 },
    { name: "auc", type: "float8", value: (e) => e.metrics.auc },
    { name: "lr", type: "float8", value: (e) => e.lr },
    { name: "duration_ms", type: "float8", value: (e) => e.durationMs },
    { name: "images_per_second", type: "float8", value: (e) => e.imagesPerSecond },
    { name: "state_digest", type: "text", value: (e) => e.stateDigest },
  ],
};

export interface ConfusionCell {
  readonly phase: Phase | ExternalPhase;
  readonly epoch: number;
  readonly trueClass: number;
  readonly predictedClass: number;
  readonly n: number;
}

export const confusionTarget: Target<ConfusionCell> = {
  table: "confusion_cells",
  key: ["phase", "epoch", "true_class", "predicted_class"],
  same: ["n"],
  columns: [
    { name: "phase", type: "text", value: (c) => c.phase },
    { name: "epoch", type: "int", value: (c) => c.epoch },
    { name: "true_class", type: "int", value: (c) => c.trueClass },
    { name: "predicted_class", type: "int", value: (c) => c.predictedClass },
    { name: "n", type: "int", value: (c) => c.n },
  ],
};

export interface PredictionRow {
  readonly phase: Phase | ExternalPhase;
  readonly epoch: number;
  readonly sampleId: string;
  readonly position: number;
  readonly label: number;
  readonly predicted: number;
  readonly logits: readonly number[];
  readonly probabilities: readonly number[];
}

export const predictionTarget: Target<PredictionRow> = {
  table: "predictions",
  key: ["phase", "epoch", "sample_id"],
  same: ["label", "predicted", "logits", "probabilities"],
  columns: [
    { name: "phase", type: "text", value: (p) => p.phase },
    { name: "epoch", type: "int", value: (p) => p.epoch },
    { name: "sample_id", type: "text", value: (p) => p.sampleId },
    { name: "position", type: "int", value: (p) => p.position },
    { name: "label", type: "int", value: (p) => p.label },
    { name: "predicted", type: "int", value: (p) => p.predicted },
    { name: "logits", type: "real[]", value: (p) => p.logits },
    { name: "probabilities", type: "float8[]", value: (p) => p.probabilities },
  ],
};

export interface LogRow {
  readonly seq: number;
  readonly level: string;
  readonly text: string;
}

export const logTarget: Target<LogRow> = {
  table: "run_events",
  key: ["seq"],
  same: ["text"],
  columns: [
    { name: "seq", type: "bigint", value: (l) => l.seq },
    { name: "at", type: "timestamptz", value: (l) => momentOf(l.seq) },
    { name: "level", type: "text", value: (l) => l.level },
    { name: "text", type: "text", value: (l) => l.text },
  ],
};

/** @param seq microseconds since 1970 @returns ISO 8601, UTC */
export function momentOf(seq: number): string {
  return new Date(Math.floor(seq / 1000)).toISOString();
}
