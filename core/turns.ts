// Long work of the main thread in slices of a megabyte, a few milliseconds each: between two of them timers, signals, the recorder and
// the dashboard have their turn.
import { setImmediate } from "node:timers/promises";

const SLICE_BYTES = 1 << 20;

/** Called with the bytes that were worked on since the last call. */
export type Turns = (bytes: number) => Promise<void> | undefined;

export function takeTurns(): Turns {
  let since = 0;
  return (bytes) => {
    since += bytes;
    if (since < SLICE_BYTES) return undefined;
    since = 0;
    return setImmediate();
  };
}
