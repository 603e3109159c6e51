// Who may use the dashboard, and who said what of runs.
import { foreignKey, index, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { runs } from "./runs.ts";

export const users = pgTable("users", {
  name: text("name").primaryKey(),
  /** "read" or "write". */
  role: text("role").notNull(),
  /** sha256 of the token, which is shown once and not stored. */
  tokenSha256: text("token_sha256").notNull().unique(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  lastSeenAt: timestamp("last_seen_at", { withTimezone: true }),
});

/** Tags, notes and the like: who set them. */
export const runChanges = pgTable(
  "run_changes",
  {
    changeId: uuid("change_id").primaryKey().defaultRandom(),
    runId: uuid("run_id").notNull(),
    at: timestamp("at", { withTimezone: true }).notNull().defaultNow(),
    userName: text("user_name").notNull(),
    /** "tagged baseline", "archived", … */
    what: text("what").notNull(),
  },
  (table) => [
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
    index("run_changes_run").on(table.runId),
  ],
);
