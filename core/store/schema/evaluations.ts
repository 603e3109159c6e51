// Stored runs on other labelled sets (`exp evaluate`): one row an evaluation. Its metrics, matrix and predictions stand where those of
// val and test do, under its own phase.
import { foreignKey, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { datasets } from "./datasets.ts";
import { runs } from "./runs.ts";

export const evaluations = pgTable(
  "evaluations",
  {
    runId: uuid("run_id").notNull(),
    /** "external:" and the first 12 digits of the data set's digest, with "/test" and the like where only a part was taken. */
    phase: text("phase").notNull(),
    datasetDigest: text("dataset_digest").notNull(),
    /** "train", "val" or "test" of the source's own parts; null: all of it. */
    part: text("part"),
    samples: integer("samples").notNull(),
    /** Of which the run was trained on the very same bytes. */
    seenSamples: integer("seen_samples").notNull(),
    /** { class of the data set: class of the run, or null where it was left out } */
    classMap: jsonb("class_map").notNull(),
    engine: text("engine").notNull(),
    kernels: text("kernels").notNull(),
    /** Of the predictions: equal where every bit is. */
    digest: text("digest").notNull(),
    evaluatedAt: timestamp("evaluated_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.phase] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
    foreignKey({ columns: [table.datasetDigest], foreignColumns: [datasets.datasetDigest] }),
  ],
);
