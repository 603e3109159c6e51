// What grows with training: a row per batch, per epoch and per value that a hook or another program logs.
import {
  bigint,
  doublePrecision,
  foreignKey,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { bytea } from "./columns.ts";
import { runs } from "./runs.ts";

export const batches = pgTable(
  "batches",
  {
    runId: uuid("run_id").notNull(),
    /** "train", "val" or "test". */
    phase: text("phase").notNull(),
    /** From 1. */
    epoch: integer("epoch").notNull(),
    /** From 1 in each epoch. */
    batch: integer("batch").notNull(),
    /** Mean cross-entropy; the double's own bits are in the chain. */
    loss: doublePrecision("loss").notNull(),
    correct: integer("correct").notNull(),
    /** Samples in the batch. */
    n: integer("n").notNull(),
    lr: doublePrecision("lr"),
    durationMs: doublePrecision("duration_ms").notNull(),
    tp: integer("tp"),
    fp: integer("fp"),
    fn: integer("fn"),
    tn: integer("tn"),
    /** Digest chain after this batch, 32 bytes. */
    chain: bytea("chain").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.phase, table.epoch, table.batch] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);

export const epochs = pgTable(
  "epochs",
  {
    runId: uuid("run_id").notNull(),
    phase: text("phase").notNull(),
    epoch: integer("epoch").notNull(),
    loss: doublePrecision("loss").notNull(),
    accuracy: doublePrecision("accuracy").notNull(),
    precision: doublePrecision("precision"),
    recall: doublePrecision("recall"),
    f1: doublePrecision("f1"),
    auc: doublePrecision("auc"),
    lr: doublePrecision("lr"),
    durationMs: doublePrecision("duration_ms").notNull(),
    imagesPerSecond: doublePrecision("images_per_second").notNull(),
    /** Digest of weights, statistics and moments after a training epoch. */
    stateDigest: text("state_digest"),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.phase, table.epoch] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);

export const metricValues = pgTable(
  "metric_values",
  {
    runId: uuid("run_id").notNull(),
    name: text("name").notNull(),
    step: bigint("step", { mode: "number" }).notNull(),
    epoch: integer("epoch"),
    value: doublePrecision("value").notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.name, table.step] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);

/** How numbers are spread: weights, gradients, or what a program logs. Bins are half-open; the last one is closed. */
export const histograms = pgTable(
  "histograms",
  {
    runId: uuid("run_id").notNull(),
    name: text("name").notNull(),
    step: bigint("step", { mode: "number" }).notNull(),
    epoch: integer("epoch"),
    /** One more than there are counts, ascending. */
    edges: doublePrecision("edges").array().notNull(),
    counts: doublePrecision("counts").array().notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.name, table.step] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);
