// What a run said of its samples: confusion matrices and every single prediction of val and test.
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
