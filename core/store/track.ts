// The tracker for any program: import { startRun } from "lockstep". Such runs stand beside ours, marked as tracked: what made them
// is not known to us, so nothing is promised about their bits. They go through the same spool: `log` never waits for the database.
import { randomUUID } from "node:crypto";
import { LockstepError } from "../errors.ts";
import type { Cell } from "../experiment/hooks.ts";
import { hashOf } from "../experiment/index.ts";
import { expHome } from "../home.ts";
import type { Histogram } from "../train/histogram.ts";
import type { LogEvent } from "../train/recorder.ts";
import { RunLog, type FileAbout, type Position } from "../train/run-log.ts";
import { openStore, type Store } from "./connect.ts";
import { storableJson } from "./events/array-literal.ts";
import { checkNames } from "./insert-run.ts";
import type { NewRun } from "./new-run.ts";
import { openRecorder, type OpenDatabase } from "./recorder.ts";
import { recordSystemMetrics } from "./system-metrics.ts";

export interface RunAbout {
  /** Groups runs that answer one question. */
  readonly experiment: string;
  /** Default "default". */
  readonly project?: string;
  /** Names the settings; default "base". Runs of one variant with several seeds are averaged. */
  readonly variant?: string;
  /** Default 0. */
  readonly seed?: number;
  /** What people call it. */
  readonly name?: string;
  /** Settings, for people and for filters. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  readonly note?: string;
}

export interface TrackOptions extends RunAbout {
  /** Processor, memory, disk and GPU every ten seconds, as metrics named system/…; default true. */
  readonly system?: boolean;
  /** Default EXP_HOME. */
  readonly home?: string;
  /** Lines for people, such as that the database is away; default standard error. */
  readonly onNotice?: (text: string) => void;
}

/** Default: one step more than the last one logged. */
type At = Partial<Position>;

export interface TrackedRun {
  readonly runId: string;
  /** Numbers by name. */
  log(values: Readonly<Record<string, number>>, at?: At): void;
  /** A line of the run's log. */
  text(line: string, level?: LogEvent["level"]): void;
  /** How numbers are spread: the numbers, or edges and counts. */
  histogram(name: string, values: ArrayLike<number> | Histogram, at?: At): void;
  /** A PNG, JPEG, GIF or WebP: its path or its bytes. */
  image(name: string, image: string | Uint8Array, at?: At): void;
  /** Rows as objects; kept as CSV. */
  table(name: string, rows: readonly Readonly<Record<string, Cell>>[], at?: At): void;
  /** Copies a file, given by its path or its bytes, into the home and lists it with the run. */
  artifact(file: string | Uint8Array, about?: FileAbout): void;
  /** Waits until all is stored, or in the spool while the database is away. */
  finish(status?: "done" | "failed" | "interrupted"): Promise<{ readonly stored: boolean }>;
}

/**
 * @example
 * const run = await startRun({ experiment: "my-experiment", config: { lr: 0.1 } });
 * for (let step = 1; step <= 100; step++) run.log({ loss: train() }, { step });
 * await run.finish();
 */
export async function startRun(options: TrackOptions): Promise<TrackedRun> {
  const { home = expHome(), onNotice = (text) => void process.stderr.write(`${text}\n`), system = true } = options;
  const create = { ...describeRun(options), commandLine: process.argv.slice(1).join(" ") };
  return openTracked({ store: () => openStore({ home }), home, onNotice, runId: create.runId, create, system });
}

export interface TrackedOptions {
  readonly store: OpenDatabase | (() => Promise<Store>);
  readonly home: string;
  readonly onNotice: (text: string) => void;
  readonly runId: string;
  /** Null: a run that is there already is gone on with. */
  readonly create: NewRun | null;
  readonly system: boolean;
}

export interface OpenTracked extends Omit<TrackedRun, "finish"> {
  finish(status?: "done" | "failed" | "interrupted" | "lost"): Promise<{ readonly stored: boolean }>;
  /** Sends what was logged and says nothing of how the run ended. */
  close(): Promise<void>;
}

/** A run that another program logs to, in this process. */
export async function openTracked({ create, system, ...options }: TrackedOptions): Promise<OpenTracked> {
  const { home, runId } = options;
  const recorder = await openRecorder({ ...options, ...(create !== null && { create: { run: create, data: null } }) });
  recorder.record({ kind: "status", status: "running", digest: null, error: null });
  const log = new RunLog(recorder, home);
  const metrics = system ? recordSystemMetrics({ recorder, home, begunAt: new Date() }) : null;
  let lastStep = 0;
  const place = ({ step = lastStep + 1, epoch = null }: At = {}): Position => ({ step, epoch });
  return {
    runId,
    log(values, at) {
      const position = place(at);
      log.numbers(values, position);
      lastStep = position.step;
    },
    text: (line, level) => log.text(line, level),
    histogram: (name, values, at = { step: lastStep }) => log.histogram(name, values, place(at)),
    image: (name, image, at = { step: lastStep }) => log.image(name, image, place(at)),
    table: (name, rows, at = { step: lastStep }) => log.table(name, rows, place(at)),
    artifact: (file, about) => log.file(file, about),
    async finish(status = "done") {
      await metrics?.stop();
      recorder.record({ kind: "status", status, digest: null, error: null });
      const stored = await recorder.flush();
      await recorder.close();
      return stored;
    },
    close: () => recorder.close(),
  };
}

/** The row of a run that another program logs. @throws LockstepError "usage" where a name or the seed cannot be stored */
export function describeRun(about: RunAbout & { readonly runId?: string }): NewRun & { readonly runId: string } {
  const { experiment, project = "default", variant = "base", seed = 0, config = {}, tags = [] } = about;
  const { runId = randomUUID(), name = null, note = null } = about;
  checkNames({ project, experiment, variant });
  checkSeed(seed);
  const lr = typeof config["lr"] === "number" ? config["lr"] : null;
  const settingsHash = hashOf(storableJson(config));
  return {
    ...{ runId, project, experiment, variant, seed, name, note, lr, settingsHash },
    kind: "tracked",
    config,
    tags: [...tags],
  };
}

function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && Math.abs(seed) < 2 ** 31) return;
  throw new LockstepError({
    code: "usage",
    message: `the seed is ${seed}, expected a whole number below 2147483648.`,
    next: "Give the run a smaller seed.",
  });
}
