// How a training ends early: between two epochs where it was told to pause, between two steps, or in the middle of one that takes too
// long.
import { Interrupted } from "../errors.ts";

/** Thrown where a training has reached the epoch after which it was to pause; its last checkpoint is written. */
export class Paused extends Error {
  constructor(epoch: number, epochs: number) {
    super(`paused after epoch ${epoch} of ${epochs}`);
    this.name = "Paused";
  }
}

/** @throws Interrupted where the signal has fired */
export function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interruption(signal);
}

/**
 * Settles as the work does. Where the signal fires and the work is not done `graceMs` later, it is left to itself.
 * @throws Interrupted
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let startTimer = (): void => {};
  const overdue = new Promise<never>((_, reject) => {
    startTimer = () => (timer = setTimeout(() => reject(interruption(signal)), graceMs));
  });
  if (signal.aborted) startTimer();
  else signal.addEventListener("abort", startTimer, { once: true });
  try {
    return await Promise.race([work, overdue]);
  } finally {
    signal.removeEventListener("abort", startTimer);
    clearTimeout(timer);
  }
}

/** Settles as the work does, or resolves where that takes longer. */
export async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function interruption({ reason }: AbortSignal): Interrupted {
  return reason instanceof Interrupted ? reason : new Interrupted("interrupted");
}
