// What is known of a run when it begins; the columns of the same names in `runs`.
import type { RunInsert } from "./schema/runs.ts";

/** All but what the store itself keeps. `project`, `experiment`, `variant`, `seed` and `settingsHash` are needed. */
export type NewRun = Omit<RunInsert, "statusSeq" | "bestSeq" | "heartbeatAt" | "owner"> & {
  /** The experiment's docstring, for the table of experiments. */
  readonly question?: string | null;
  /** The experiment's file, for the table of experiments. */
  readonly file?: string | null;
};
