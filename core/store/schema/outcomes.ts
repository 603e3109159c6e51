// What a run said of its samples: confusion matrices, scores that do not follow from them, every single prediction of val and test.
import { doublePrecision, foreignKey, integer, pgTable, primaryKey, real, text, uuid } from "drizzle-orm/pg-core";
import { runs } from "./runs.ts";

export const confusionCells = pgTable(
  "confusion_cells",
  {
    runId: uuid("run_id").notNull(),
    phase: text("phase").notNull(),
    epoch: integer("epoch").notNull(),
    /** Indices into runs.classes. */
    trueClass: integer("true_class").notNull(),
    predictedClass: integer("predicted_class").notNull(),
    n: integer("n").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.phase, table.epoch, table.trueClass, table.predictedClass] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);

/** Of a whole evaluation, by scikit-learn's definitions; null where undefined. */
export const epochScores = pgTable(
  "epoch_scores",
  {
    runId: uuid("run_id").notNull(),
    phase: text("phase").notNull(),
    epoch: integer("epoch").notNull(),
    balancedAccuracy: doublePrecision("balanced_accuracy"),
    matthewsCorrelation: doublePrecision("matthews_correlation"),
    cohensKappa: doublePrecision("cohens_kappa"),
    brier: doublePrecision("brier"),
    expectedCalibrationError: doublePrecision("expected_calibration_error"),
    macroPrecision: doublePrecision("macro_precision"),
    macroRecall: doublePrecision("macro_recall"),
    macroF1: doublePrecision("macro_f1"),
    macroAuc: doublePrecision("macro_auc"),
    weightedPrecision: doublePrecision("weighted_precision"),
    weightedRecall: doublePrecision("weighted_recall"),
    weightedF1: doublePrecision("weighted_f1"),
    weightedAuc: doublePrecision("weighted_auc"),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.phase, table.epoch] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);

/** Of one class against the rest, by its probability. */
export const classScores = pgTable(
  "class_scores",
  {
    runId: uuid("run_id").notNull(),
    phase: text("phase").notNull(),
    epoch: integer("epoch").notNull(),
    /** Index into runs.classes. */
    class: integer("class").notNull(),
    auc: doublePrecision("auc"),
    averagePrecision: doublePrecision("average_precision"),
    /** The largest sensitivity at a specificity of at least 0.9. */
    sensitivityAtSpecificity: doublePrecision("sensitivity_at_90_specificity"),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.phase, table.epoch, table.class] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);

export const predictions = pgTable(
  "predictions",
  {
    runId: uuid("run_id").notNull(),
    phase: text("phase").notNull(),
    epoch: integer("epoch").notNull(),
    sampleId: text("sample_id").notNull(),
    /** Order of evaluation, from 0. */
    position: integer("position").notNull(),
    label: integer("label").notNull(),
    predicted: integer("predicted").notNull(),
    /** float32, the engine's own bits, one a class. */
    logits: real("logits").array().notNull(),
    /** Softmax in double precision, one a class. */
    probabilities: doublePrecision("probabilities").array().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.phase, table.epoch, table.sampleId] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);
