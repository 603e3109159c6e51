// What the dashboard is given: the database, where artifacts lie, and who may look.
import type { Store } from "../core/store/index.ts";
import type { TrackedRuns } from "./tracking/tracked-runs.ts";

export interface DashboardDeps {
  /** postgres.js; taken anew for each use, since the store may replace it after a lost connection. */
  readonly store: Store;
  /** EXP_HOME: artifact paths are below it. */
  readonly home: string;
  /** Host name it is reached by besides localhost, 127.0.0.1 and [::1]; null: those alone. */
  readonly host?: string | null;
  /** Needed to look at anything when set. */
  readonly token?: string | null;
  /** Whether named users (`exp user add`) come in with tokens of their own, and nobody without one. */
  readonly users?: boolean;
  /** Runs that programs log over HTTP; whoever gives them closes them. */
  readonly tracked?: TrackedRuns;
}
