// Data sets and splits, each named by its digest (64 hex digits); one row per sample.
import { boolean, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import type { Inspection } from "../../data/inspect.ts";

export const datasets = pgTable("datasets", {
  datasetDigest: text("dataset_digest").primaryKey(),
  name: text("name").notNull(),
  /** The experiment's `data`, as written. */
  source: jsonb("source"),
  classes: text("classes").array().notNull(),
  /** Number of samples. */
  samples: integer("samples").notNull(),
  simulated: boolean("simulated").notNull(),
  /** Images left out under onBadImage: "skip": [{ id, reason }]. */
  skipped: jsonb("skipped").notNull(),
  /** What `exp data inspect` tells; null in rows that older versions or `exp evaluate` have made. */
  inspection: jsonb("inspection").$type<Inspection>(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
});

export type StoredInspection = NonNullable<typeof datasets.$inferSelect.inspection>;

export const samples = pgTable(
  "samples",
  {
    datasetDigest: text("dataset_digest").notNull(),
    sampleId: text("sample_id").notNull(),
    /** Index in the manifest, from 0. */
    position: integer("position").notNull(),
    sha256: text("sha256").notNull(),
    /** Index into datasets.classes. */
    label: integer("label").notNull(),
    groupId: text("group_id"),
    widthPx: integer("width_px").notNull(),
    heightPx: integer("height_px").notNull(),
    officialPart: text("official_part"),
  },
  (table) => [
    primaryKey({ columns: [table.datasetDigest, table.sampleId] }),
    foreignKey({ columns: [table.datasetDigest], foreignColumns: [datasets.datasetDigest] }).onDelete("cascade"),
    index("samples_sha256").on(table.sha256),
  ],
);

export const splits = pgTable(
  "splits",
  {
    splitDigest: text("split_digest").primaryKey(),
    datasetDigest: text("dataset_digest").notNull(),
    settings: jsonb("settings"),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({ columns: [table.datasetDigest], foreignColumns: [datasets.datasetDigest] }).onDelete("cascade"),
  ],
);

export const splitMembers = pgTable(
  "split_members",
  {
    splitDigest: text("split_digest").notNull(),
    sampleId: text("sample_id").notNull(),
    /** "train", "val" or "test". */
    part: text("part").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.splitDigest, table.sampleId] }),
    foreignKey({ columns: [table.splitDigest], foreignColumns: [splits.splitDigest] }).onDelete("cascade"),
  ],
);
