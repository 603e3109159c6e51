// Runs that failed before are not trained again unasked: a flag says so, or whoever sits at the terminal.
import type { NewRun } from "../store/new-run.ts";
import type { EarlierRun } from "./claim.ts";

/** Settled beforehand, or asked with a line for each failed run. */
export type RetryFailed = boolean | ((failed: readonly string[]) => Promise<boolean>);

export interface FailedRun {
  readonly row: Pick<NewRun, "experiment" | "variant" | "seed">;
  readonly earlier: Pick<EarlierRun, "errorMessage">;
}

/** Asks once for all of them. */
export async function wantsRetry(retry: RetryFailed, failed: readonly FailedRun[]): Promise<boolean> {
  if (typeof retry === "boolean" || failed.length === 0) return retry === true;
  return retry(failed.map(failureOf));
}

/** "run tiny/base/0 failed before: why" */
export function failureOf({ row: { experiment, variant, seed }, earlier: { errorMessage } }: FailedRun): string {
  const name = `${experiment}/${variant}/${seed}`;
  const reason = errorMessage ?? "without a message";
  return reason.startsWith(`run ${name}: `)
    ? reason.replace(": ", " failed before: ")
    : `run ${name} failed before: ${reason}`;
}
