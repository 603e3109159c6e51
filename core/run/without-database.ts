// A sweep whose database does not answer at its start: what trains goes on, recorded in the spool; what has to ask the database is refused.
import { LockstepError } from "../errors.ts";
import type { DatabaseAway } from "../store/connection-error.ts";
import { spoolFolder } from "../store/spool/spool-files.ts";
import type { Job } from "./jobs.ts";
import type { SweepObserver } from "./observer.ts";
import type { SweepOptions } from "./sweep.ts";

export interface Undertaking {
  readonly jobs: readonly Job[];
  readonly options: Pick<SweepOptions, "queuePriority" | "retryFailed" | "shareImages">;
  /** EXP_HOME. */
  readonly home: string;
}

/** Says how the runs are kept. @throws LockstepError "database" where the sweep cannot do without it */
export function goOnWithout(away: DatabaseAway, what: Undertaking, { notice }: Pick<SweepObserver, "notice">): void {
  const reason = refusal(what);
  if (reason !== null) {
    const message = `${away.message} ${reason}`;
    throw new LockstepError({ code: "database", message, next: away.next, cause: away });
  }
  notice(
    `${away.message} Training goes on without it: runs are recorded in ${spoolFolder(what.home)} and sent when it is back, ` +
      "by this process, the next exp command or exp spool flush.",
  );
  notice("What was trained before cannot be looked up, so every run is a new one; there is no dashboard meanwhile.");
}

/** Null: nothing has to be asked. */
function refusal({ jobs, options: { queuePriority, retryFailed, shareImages } }: Undertaking): string | null {
  if (queuePriority !== null) return "--queue: the queue is in the database.";
  if (shareImages === true) return "--share-images: what is shared is listed in the database.";
  if (retryFailed === true) return "--retry failed: only the database knows which runs failed.";
  const halving = jobs.find(({ role, sweep }) => role === "own" && sweep.plan.halving !== null);
  if (halving !== undefined)
    return `Experiment "${halving.sweep.plan.experiment}" has halving, which decides from results in the database.`;
  const child = jobs.find(({ parentKey }) => parentKey !== null);
  const { init } = child?.planned.settings ?? {};
  if (child === undefined || init?.kind !== "run") return null;
  return `Variant "${child.planned.variant}" starts from run ${init.run}, whose checkpoint only the database can name.`;
}
