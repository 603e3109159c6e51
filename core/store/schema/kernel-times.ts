// Where a run's time went, by kind of kernel; of runs made with `exp run --profile`.
import { doublePrecision, foreignKey, integer, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { runs } from "./runs.ts";

export const kernelTimes = pgTable(
  "kernel_times",
  {
    runId: uuid("run_id").notNull(),
    /** What the kernels did: "train", "evaluate", … */
    work: text("work").notNull(),
    /** Its kind, or what is no kernel: waiting. */
    kernel: text("kernel").notNull(),
    /** Batches of this work. */
    batches: integer("batches").notNull(),
    /** Milliseconds in all of them, of a thread. */
    ms: doublePrecision("ms").notNull(),
    at: timestamp("at", { withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.work, table.kernel] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
  ],
);
