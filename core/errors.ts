// Every error that a user can cause or meet. A message says what, where, what was received and what was expected;
// `next` says what to do about it. The command line prints both on one line each and exits with `exitCode`.

/** The kinds of error; stable, since programs read them from `--json`. */
export type ErrorCode =
  | "experiment-file" // not found, no default export, cannot be loaded
  | "experiment-invalid" // unknown key, wrong type, contradiction between settings
  | "data-invalid" // a source that cannot be read, a bad image, a class without images
  | "data-unreachable" // a download that cannot be had
  | "weights-invalid" // a checkpoint or weights file that does not fit or is damaged
  | "model-invalid" // a network that cannot be built or run as asked
  | "engine-unavailable" // an engine that is not installed or cannot run here
  | "engine-failed" // an engine stopped in the middle of its work
  | "diverged" // a loss that is no longer a finite number
  | "memory" // a plan that does not fit
  | "database" // unreachable, refused, newer than this program
  | "storage" // disk full, folder not writable
  | "run-not-found" // no run, or more than one, has that name
  | "run-state" // the run is not in a state that allows this
  | "verdict" // a comparison or check ended with "differs"
  | "port-in-use"
  | "usage" // a flag or argument that makes no sense
  | "internal"; // our own fault

export interface ErrorParts {
  readonly code: ErrorCode;
  /** What happened, where, received and expected; one line. */
  readonly message: string;
  /** What to do next; one line, or null where nothing can be advised. */
  readonly next?: string | null;
  readonly cause?: unknown;
}

/** An error with a code, a one-line message and a next step. */
export class LockstepError extends Error {
  readonly code: ErrorCode;
  readonly next: string | null;

  constructor({ code, message, next = null, cause }: ErrorParts) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "LockstepError";
    this.code = code;
    this.next = next;
  }

  /** Exit code of the command line: 1 a user's error or a failed verdict, 2 our own fault. */
  get exitCode(): 1 | 2 {
    return this.code === "internal" ? 2 : 1;
  }
}

/** Thrown where work ends because the user asked for it (Ctrl-C, `exp stop`); exit code 130. */
export class Interrupted extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "Interrupted";
  }
}
