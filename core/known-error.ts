// Any error as one that a user can act on: what is not ours is explained where it can be, and else told as our fault.
import { LockstepError } from "./errors.ts";

/** disk_full of Postgres, and what the system calls it. */
const DISK_FULL = new Set(["53100", "ENOSPC", "EDQUOT"]);

/** @returns the error itself where it is a LockstepError; "storage" for a full disk, the database's too; "internal" for the rest */
export function knownError(error: unknown): LockstepError {
  if (error instanceof LockstepError) return error;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (!DISK_FULL.has((error as { code?: string } | null)?.code ?? ""))
    return new LockstepError({
      code: "internal",
      message,
      next: "This is a fault of ours; --debug shows where.",
      cause: error,
    });
  return new LockstepError({
    code: "storage",
    message: `a disk is full: ${message}`,
    next: "Free space there (the embedded database is in EXP_HOME), then give the command again; `exp resume` continues a run.",
    cause: error,
  });
}
