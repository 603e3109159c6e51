// What groups runs: a project holds experiments, an experiment holds variants and seeds.
import { foreignKey, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

export const projects = pgTable("projects", {
  project: text("project").primaryKey(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
});

export const experiments = pgTable(
  "experiments",
  {
    project: text("project").notNull(),
    experiment: text("experiment").notNull(),
    /** The docstring of the experiment file: question, command, time, result. */
    question: text("question"),
    file: text("file"),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.experiment] }),
    foreignKey({ columns: [table.project], foreignColumns: [projects.project] }),
  ],
);
