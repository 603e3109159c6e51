// Which columns the scores of an evaluation fill: one row for all of it, one for each class.
import type { ClassMetrics, OneClass } from "../../train/metrics.ts";
import type { ScoresEvent } from "../../train/recorder.ts";
import type { Column } from "./binary-rows.ts";
import type { Target } from "./insert-rows.ts";

/** Columns of epoch_scores and what they hold of an evaluation. */
const EPOCH_SCORES: Readonly<Record<string, (scores: ClassMetrics) => number | null>> = {
  balanced_accuracy: (s) => s.balancedAccuracy,
  matthews_correlation: (s) => s.matthewsCorrelation,
  cohens_kappa: (s) => s.cohensKappa,
  brier: (s) => s.brier,
  expected_calibration_error: (s) => s.expectedCalibrationError,
  macro_precision: (s) => s.macro.precision,
  macro_recall: (s) => s.macro.recall,
  macro_f1: (s) => s.macro.f1,
  macro_auc: (s) => s.macro.auc,
  weighted_precision: (s) => s.weighted.precision,
  weighted_recall: (s) => s.weighted.recall,
  weighted_f1: (s) => s.weighted.f1,
  weighted_auc: (s) => s.weighted.auc,
};

export const epochScoresTarget: Target<ScoresEvent> = {
  table: "epoch_scores",
  key: ["phase", "epoch"],
  same: Object.keys(EPOCH_SCORES),
  columns: [
    { name: "phase", type: "text", value: (e) => e.phase },
    { name: "epoch", type: "int", value: (e) => e.epoch },
    ...Object.entries(EPOCH_SCORES).map(([name, value]): Column<ScoresEvent> => ({
      name,
      type: "float8",
      value: ({ scores }) => value(scores),
    })),
  ],
};

export interface ClassRow extends Pick<ScoresEvent, "phase" | "epoch"> {
  readonly class: number;
  readonly scores: OneClass;
}

export function classRows({ phase, epoch, scores }: ScoresEvent): ClassRow[] {
  return scores.perClass.map((one, index) => ({ phase, epoch, class: index, scores: one }));
}

export const classScoresTarget: Target<ClassRow> = {
  table: "class_scores",
  key: ["phase", "epoch", "class"],
  same: ["auc", "average_precision", "sensitivity_at_90_specificity"],
  columns: [
    { name: "phase", type: "text", value: (c) => c.phase },
    { name: "epoch", type: "int", value: (c) => c.epoch },
    { name: "class", type: "int", value: (c) => c.class },
    { name: "auc", type: "float8", value: (c) => c.scores.auc },
    { name: "average_precision", type: "float8", value: (c) => c.scores.averagePrecision },
    { name: "sensitivity_at_90_specificity", type: "float8", value: (c) => c.scores.sensitivityAtSpecificity },
  ],
};
