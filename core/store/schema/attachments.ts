// Files and lines that belong to a run, or thumbnails that belong to a sample of a data set.
import {
  bigint,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { datasets } from "./datasets.ts";
import { runs } from "./runs.ts";

export const artifacts = pgTable(
  "artifacts",
  {
    /** Digest of owner, kind, name and content: the same artifact recorded twice is one row. */
    artifactId: text("artifact_id").primaryKey(),
    /** Null for thumbnails, which belong to a sample. */
    runId: uuid("run_id"),
    datasetDigest: text("dataset_digest"),
    sampleId: text("sample_id"),
    /** "checkpoint", "contact-sheet", "confusion-picture", "grad-cam", "thumbnail", … */
    kind: text("kind").notNull(),
    name: text("name").notNull(),
    mediaType: text("media_type").notNull(),
    /** Below EXP_HOME. */
    path: text("path").notNull(),
    sha256: text("sha256").notNull(),
    bytes: bigint("bytes", { mode: "number" }).notNull(),
    epoch: integer("epoch"),
    /** Of an image or table that a program logged. */
    step: bigint("step", { mode: "number" }),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
    foreignKey({ columns: [table.datasetDigest], foreignColumns: [datasets.datasetDigest] }).onDelete("cascade"),
    index("artifacts_run").on(table.runId, table.kind),
    index("artifacts_sample").on(table.datasetDigest, table.sampleId),
    index("artifacts_sha256").on(table.sha256),
  ],
);

export const runEvents = pgTable(
  "run_events",
  {
    runId: uuid("run_id").notNull(),
    /** Microseconds since 1970, made strictly increasing by the recorder. */
    seq: bigint("seq", { mode: "number" }).notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
    /** "info", "warning" or "error". */
    level: text("level").notNull(),
    text: text("text").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.seq] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);

/** What `exp verify`, `exp reproduce` and the like found about a run. */
export const verdicts = pgTable(
  "verdicts",
  {
    runId: uuid("run_id").notNull(),
    seq: bigint("seq", { mode: "number" }).notNull(),
    at: timestamp("at", { withTimezone: true }).notNull().defaultNow(),
    /** "reproduce", "verify". */
    kind: text("kind").notNull(),
    /** "same", "differs" or "not checked". */
    verdict: text("verdict").notNull(),
    details: jsonb("details"),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.seq] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);
