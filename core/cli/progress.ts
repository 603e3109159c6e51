// What one sees while a sweep runs: bars on a terminal, a plain line now and then elsewhere. With --json all of it goes to standard error.
import cliProgress from "cli-progress";
import pc from "picocolors";
import type { RunStart, SweepObserver } from "../run/observer.ts";
import { seedText } from "../store/seed-text.ts";
import type { TrainProgress } from "../train/contract.ts";

export interface Display extends SweepObserver {
  /** Clears the bars while something else is on the terminal. */
  readonly pauseFor: <T>(work: () => Promise<T>) => Promise<T>;
  /** Clears the bars; lines may follow. */
  readonly close: () => void;
}

/** Without a terminal: a line every so many batches. */
const PLAIN_EVERY = 20;
/** Without a terminal: a line of what is counted, so often. */
const COUNT_EVERY_MS = 5000;

export function createDisplay(stream: NodeJS.WriteStream): Display {
  const clock = sweepClock();
  let bars = stream.isTTY ? liveBars(stream) : null;
  const print = (text: string): void => (bars === null ? void stream.write(`${text}\n`) : bars.print(text));
  let current: RunStart | null = null;
  const count = counter();
  return {
    stage: (text) => print(pc.dim(text)),
    counting: (what, done, total) => {
      const { text, isDue } = count(what, done, total);
      if (bars) bars.update(done, total, text);
      else if (isDue) print(text);
    },
    notice: (text) => print(`${pc.yellow("note")}: ${text}`),
    runStarted: (start) => {
      current = start;
      clock.start(start);
      print(`${title(start)} ${startText(start)}`);
    },
    progress: (progress) => {
      if (current === null) return;
      const text = `${stepText(progress)} | ${clock.leftText(progress)}`;
      if (bars) bars.update(progress.doneBatches, progress.totalBatches, `${title(current)} ${text}`);
      else if (progress.doneBatches % PLAIN_EVERY === 0) print(`${title(current)} ${text}`);
    },
    output: (level, text) => print(level === "info" ? text : `${pc.yellow(level)}: ${text}`),
    runEnded: ({ variant, status, digest, test, ...position }) => {
      const result = test === null ? "" : `, test accuracy ${test.accuracy.toFixed(3)}`;
      print(
        `${variant}/${seedText(position)} ${status}${result}${digest === null ? "" : `, digest ${digest.slice(0, 12)}`}`,
      );
    },
    pauseFor: async (work) => {
      const paused = bars;
      bars?.close();
      bars = null;
      const result = await work();
      bars = paused === null ? null : liveBars(stream);
      return result;
    },
    close: () => {
      bars?.close();
      bars = null;
    },
  };
}

function title({ index, total, name }: RunStart): string {
  return `[${index}/${total}] ${name.experiment}/${name.variant}/${seedText(name)}`;
}

function startText({ name, resumed }: RunStart): string {
  return resumed ? `run ${name.run} goes on` : `started as run ${name.run}`;
}

function stepText(progress: TrainProgress): string {
  const { phase, epoch, epochs, batch, batches, imagesPerSecond, loss, valLoss } = progress;
  const val = valLoss === null ? "-" : valLoss.toFixed(4);
  const losses =
    phase === "train" ? `train loss ${loss.toFixed(4)} | val loss ${val}` : `${phase} loss ${loss.toFixed(4)}`;
  const where = phase === "test" ? "" : `epoch ${epoch}/${epochs} | `; // the test is of the best epoch
  return `${where}${phase} batch ${batch}/${batches} | ${imagesPerSecond.toFixed(0)} images/s | ${losses}`;
}

/** Time left, from what this run's batches took so far. */
function sweepClock() {
  let start: RunStart | null = null;
  let startedMs = 0;
  let doneAtStart: number | null = null;
  return {
    start: (next: RunStart) => {
      start = next;
      startedMs = performance.now();
      doneAtStart = null;
    },
    leftText: ({ doneBatches, totalBatches }: TrainProgress): string => {
      doneAtStart ??= doneBatches - 1; // a resumed run begins in the middle
      const perBatchMs = (performance.now() - startedMs) / (doneBatches - doneAtStart);
      const runMs = perBatchMs * (totalBatches - doneBatches);
      const afterMs = start === null ? 0 : perBatchMs * totalBatches * (start.costAfter / start.cost);
      return `${duration(runMs)} left, all runs ${duration(runMs + afterMs)}`;
    },
  };
}

/** What is counted beside trainings, with the time left. */
function counter() {
  let counted = "";
  let startedMs = 0;
  let toldMs = 0;
  return (what: string, done: number, total: number): { text: string; isDue: boolean } => {
    const nowMs = performance.now();
    if (what !== counted || done === 1) [counted, startedMs, toldMs] = [what, nowMs, nowMs];
    const leftMs = ((nowMs - startedMs) / done) * (total - done);
    const isDue = nowMs - toldMs > COUNT_EVERY_MS;
    if (isDue) toldMs = nowMs;
    return { text: `${what}: ${done} of ${total}, ${duration(leftMs)} left`, isDue };
  };
}

/** 75,000 ms is "1:15". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function liveBars(stream: NodeJS.WriteStream) {
  const bars = new cliProgress.MultiBar(
    { stream, clearOnComplete: true, hideCursor: true, linewrap: false, format: "{bar} {text}", barsize: 16, fps: 8 },
    cliProgress.Presets.shades_classic,
  );
  const bar = bars.create(1, 0, { text: "" });
  return {
    print: (text: string) => {
      bars.log(`${text}\n`);
      bars.update();
    },
    update: (done: number, total: number, text: string) => {
      bar.setTotal(total);
      bar.update(done, { text });
    },
    close: () => {
      bars.update();
      bars.stop();
    },
  };
}
