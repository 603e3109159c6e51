// What successive halving decided of a run after each rung, and why.
import {
  boolean,
  doublePrecision,
  foreignKey,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { runs } from "./runs.ts";

export const halvingDecisions = pgTable(
  "halving_decisions",
  {
    runId: uuid("run_id").notNull(),
    /** After which it was decided. */
    epoch: integer("epoch").notNull(),
    /** Of the validation: "loss", "accuracy", … */
    metric: text("metric").notNull(),
    /** The run's best value so far; null: undefined, or the run failed. */
    value: doublePrecision("value"),
    /** Mean over the variant's runs. */
    score: doublePrecision("score"),
    /** Of the variant, from 1. */
    rank: integer("rank").notNull(),
    /** Variants that were compared. */
    variants: integer("variants").notNull(),
    /** Whether the variant goes on. */
    kept: boolean("kept").notNull(),
    decidedAt: timestamp("decided_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.epoch] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);
