// What the database knows of the artifact store: which part of it is this database's, and where unfinished runs can go on from.
import { sql } from "drizzle-orm";
import { bigint, boolean, foreignKey, index, integer, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { runs } from "./runs.ts";

/** One row: the folder of the artifact store in which this database's files lie. */
export const artifactSpaces = pgTable("artifact_spaces", {
  one: boolean("one").primaryKey().default(true),
  id: uuid("id").notNull(),
});

/** The newest checkpoint of a run that is in the artifact store, so that another machine can go on from it. */
export const resumePoints = pgTable(
  "resume_points",
  {
    runId: uuid("run_id").primaryKey(),
    /** Training steps that it has behind it. */
    step: integer("step").notNull(),
    name: text("name").notNull(),
    sha256: text("sha256").notNull(),
    bytes: bigint("bytes", { mode: "number" }).notNull(),
    /** The best epoch's weights, which its end needs; null: no epoch was validated yet. */
    bestName: text("best_name"),
    bestSha256: text("best_sha256"),
    bestBytes: bigint("best_bytes", { mode: "number" }),
    storedAt: timestamp("stored_at", { withTimezone: true })
      .notNull()
      .default(sql`now()`),
  },
  (table) => [
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
    index("resume_points_sha256").on(table.sha256),
    index("resume_points_best").on(table.bestSha256),
  ],
);
