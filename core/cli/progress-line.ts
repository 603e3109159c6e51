// One line for work whose end is known, with the time left: on a terminal it counts up, elsewhere there is a new one now and then.
// Trainings have bars of their own (progress.ts).
import { duration } from "./progress.ts";

export interface ProgressLine {
  readonly update: (done: number, total: number) => void;
  /** Ends the line where the work ends early; what is printed next begins a new one. */
  readonly close: () => void;
}

const SHOWN_EVERY_MS = 100;
const LINE_EVERY_MS = 10_000;

/** @param shown how an amount is written: 1234567 bytes as "1.2 MB" */
export function progressLine(what: string, shown: (amount: number) => string = String): ProgressLine {
  const stream = process.stderr;
  const begunMs = performance.now();
  let shownMs = stream.isTTY ? -Infinity : begunMs;
  let isOpen = false;
  const textOf = (done: number, total: number): string => {
    const leftMs = ((performance.now() - begunMs) / Math.max(done, 1)) * (total - done);
    return `${what}: ${shown(done)} of ${shown(total)}${done < total ? `, ${duration(leftMs)} left` : ""}`;
  };
  const close = (): void => {
    if (isOpen) stream.write("\n");
    isOpen = false;
  };
  const update = (done: number, total: number): void => {
    const isEnd = stream.isTTY && done >= total;
    if (!isEnd && performance.now() - shownMs < (stream.isTTY ? SHOWN_EVERY_MS : LINE_EVERY_MS)) return;
    shownMs = performance.now();
    isOpen = stream.isTTY;
    stream.write(isOpen ? `\r${textOf(done, total)}\u001b[K` : `${textOf(done, total)}\n`); // erases what is left of a longer line
    if (isEnd) close();
  };
  return { update, close };
}

/** A line for each thing that is counted. */
export function countingLines(): (what: string, done: number, total: number) => void {
  const lines = new Map<string, ProgressLine>();
  return (what, done, total) => {
    const line = lines.get(what) ?? progressLine(what);
    lines.set(what, line);
    line.update(done, total);
  };
}
