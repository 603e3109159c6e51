// What stands in a spool: a run's events, each with its number, and for runs that began without a database the run itself.
import type { RunEvent } from "../../train/recorder.ts";
import type { NewRun } from "../new-run.ts";

export interface SpoolEvent {
  /** Microseconds since 1970, made strictly increasing within a run. */
  readonly seq: number;
  readonly event: RunEvent | CreateEvent | OpenEvent;
}

/** First in every file: whose it is. */
export interface OpenEvent {
  readonly kind: "open";
  readonly runId: string;
  /** `ownProcess()` of the writer. */
  readonly owner: string;
}

/** Makes the run, unless it is there. */
export interface CreateEvent {
  readonly kind: "create";
  readonly run: NewRun;
}
