// One bar for work whose end is known, with the time left: on a terminal; elsewhere a line now and then for what takes long.
import cliProgress from "cli-progress";
import { duration } from "./progress.ts";

export interface ProgressBar {
  readonly update: (done: number, total: number) => void;
  readonly close: () => void;
}

const LINE_EVERY_MS = 10_000;

/** @param shown how an amount is written: 1234567 bytes as "1.2 MB" */
export function progressBar(what: string, shown: (amount: number) => string): ProgressBar {
  const stream = process.stderr;
  const begunMs = performance.now();
  let bar: cliProgress.SingleBar | null = null;
  let saidMs = begunMs;
  const textOf = (done: number, total: number): string => {
    const leftMs = ((performance.now() - begunMs) / Math.max(done, 1)) * (total - done);
    return `${what} ${shown(done)} of ${shown(total)} | ${duration(leftMs)} left`;
  };
  return {
    update: (done, total) => {
      if (stream.isTTY) {
        bar ??= begin(stream, total);
        return bar.update(Math.min(done, total), { text: textOf(done, total) });
      }
      if (performance.now() - saidMs < LINE_EVERY_MS) return;
      saidMs = performance.now();
      stream.write(`${textOf(done, total)}\n`);
    },
    close: () => bar?.stop(),
  };
}

function begin(stream: NodeJS.WriteStream, total: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar(
    { stream, clearOnComplete: true, hideCursor: true, linewrap: false, format: "{bar} {text}", barsize: 16, fps: 8 },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { text: "" });
  return bar;
}
