// What stands in a spool: a run's events, each with its number, and first of all the run itself where this process began it.
import type { RunEvent } from "../../train/recorder.ts";
import type { RunData } from "../datasets.ts";
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
  /** Name of the database that it is for; absent: an older version wrote it, for any. */
  readonly database?: string;
}

/** A run as its recorder begins it. */
export interface RunCreation {
  readonly run: NewRun;
  /** Null: a run of another program has none. */
  readonly data: RunData | null;
}

/** Makes the run, and its data set and split, unless they are there. */
export interface CreateEvent extends RunCreation {
  readonly kind: "create";
  /** `ownProcess()` of the writer. */
  readonly owner: string;
}
