// Ctrl-C, SIGTERM and `exp stop` as one AbortSignal. The first ends the run cleanly; a second Ctrl-C ends the process at once.
import { Interrupted } from "../errors.ts";

export interface Interrupt {
  readonly signal: AbortSignal;
  /** What `exp stop` does. */
  readonly request: (reason: string) => void;
  /** Gives the signals back to Node. */
  readonly dispose: () => void;
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  const request = (reason: string): void => {
    if (!controller.signal.aborted) controller.abort(new Interrupted(reason));
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.kill(process.pid, "SIGKILL"); // threads in native code would hold process.exit up
    request(signal === "SIGINT" ? "interrupted by Ctrl-C" : `interrupted by ${signal}`);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    request,
    dispose: () => signals.forEach((signal) => process.off(signal, onSignal)),
  };
}

/** Settles as `work` does, or rejects with the signal's reason when `work` has not noticed it after `graceMs`. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(signal.reason as Error), graceMs);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
}
