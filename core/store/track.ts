// The tracker for any program: import { startRun } from "lockstep". Such runs stand beside ours, marked as tracked: what made them
// is not known to us, so nothing is promised about their bits. They go through the same spool: `log` never waits for the database.
import { createHash, randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { LockstepError } from "../errors.ts";
import { hashOf } from "../experiment/index.ts";
import { expHome } from "../home.ts";
import { openStore } from "./connect.ts";
import { storableJson } from "./events/array-literal.ts";
import { checkNames } from "./insert-run.ts";
import type { NewRun } from "./new-run.ts";
import { openRecorder } from "./recorder.ts";

export interface TrackOptions {
  /** Groups runs that answer one question. */
  readonly experiment: string;
  /** Default "default". */
  readonly project?: string;
  /** Names the settings; default "base". Runs of one variant with several seeds are averaged. */
  readonly variant?: string;
  /** Default 0. */
  readonly seed?: number;
  /** Settings, for people and for filters. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  /** Default EXP_HOME. */
  readonly home?: string;
  /** Lines for people, such as that the database is away; default standard error. */
  readonly onNotice?: (text: string) => void;
}

export interface TrackedRun {
  readonly runId: string;
  /** Numbers by name. @param at the step, default one more than the last one; the epoch, if there is one */
  log(values: Readonly<Record<string, number>>, at?: { readonly step?: number; readonly epoch?: number | null }): void;
  /** A line of the run's log. */
  text(line: string, level?: "info" | "warning" | "error"): void;
  /** Copies a file into the home and lists it with the run. */
  artifact(path: string, options?: { readonly name?: string; readonly kind?: string; readonly epoch?: number }): void;
  /** Waits until all is stored, or in the spool while the database is away. */
  finish(status?: "done" | "failed"): Promise<{ readonly stored: boolean }>;
}

/**
 * @example
 * const run = await startRun({ experiment: "my-experiment", config: { lr: 0.1 } });
 * for (let step = 1; step <= 100; step++) run.log({ loss: train() }, { step });
 * await run.finish();
 */
export async function startRun(options: TrackOptions): Promise<TrackedRun> {
  const { home = expHome(), onNotice = (text) => void process.stderr.write(`${text}\n`) } = options;
  const run = describeRun(options);
  const recorder = await openRecorder({
    store: () => openStore({ home }),
    runId: run.runId,
    home,
    create: run,
    onNotice,
  });
  recorder.record({ kind: "status", status: "running", digest: null, error: null });
  let lastStep = 0;
  return {
    runId: run.runId,
    log(values, { step = lastStep + 1, epoch = null } = {}) {
      lastStep = checkStep(step);
      for (const [name, value] of Object.entries(values)) {
        recorder.record({ kind: "metric", name: checkMetric(name, value), step, epoch, value });
      }
    },
    text: (text, level = "info") => recorder.record({ kind: "log", level, text }),
    artifact: (path, { name = basename(path), kind = "file", epoch = null as number | null } = {}) =>
      recorder.record({ kind: "artifact", artifactKind: kind, name, epoch, ...keepFile(home, run.runId, path) }),
    async finish(status = "done") {
      recorder.record({ kind: "status", status, digest: null, error: null });
      const stored = await recorder.flush();
      await recorder.close();
      return stored;
    },
  };
}

function describeRun(options: TrackOptions): NewRun {
  const { experiment, project = "default", variant = "base", seed = 0, config = {}, tags = [] } = options;
  const run = { runId: randomUUID(), project, experiment, variant, seed, kind: "tracked", config, tags: [...tags] };
  checkNames(run);
  const lr = typeof config["lr"] === "number" ? config["lr"] : null;
  return { ...run, settingsHash: hashOf(storableJson(config)), lr, commandLine: process.argv.slice(1).join(" ") };
}

function checkStep(step: number): number {
  if (Number.isSafeInteger(step)) return step;
  throw new LockstepError({
    code: "usage",
    message: `run.log: the step is ${step}, expected a whole number.`,
    next: "Count steps from 1.",
  });
}

const LONGEST_NAME = 500;

function checkMetric(name: string, value: unknown): string {
  if (typeof value !== "number") {
    throw new LockstepError({
      code: "usage",
      message: `run.log: "${name.slice(0, 80)}" is ${typeof value}, expected a number.`,
      next: "Text goes to run.text, files to run.artifact, settings to config.",
    });
  }
  if (name.length > 0 && name.length <= LONGEST_NAME) return name;
  throw new LockstepError({
    code: "usage",
    message: `run.log: a metric's name has ${name.length} characters, expected 1 to ${LONGEST_NAME}.`,
    next: "Give it a short name.",
  });
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".html": "text/html",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".webp": "image/webp",
};

/** The copy is named by its content, so that a file logged twice is kept once. */
function keepFile(home: string, runId: string, path: string) {
  try {
    const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
    const kept = join("artifacts", runId, sha256 + extname(path));
    mkdirSync(join(home, "artifacts", runId), { recursive: true });
    copyFileSync(path, join(home, kept));
    const mediaType = MEDIA_TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
    return { path: kept, sha256, bytes: statSync(path).size, mediaType };
  } catch (error) {
    throw new LockstepError({
      code: "storage",
      message: `run.artifact: ${resolve(path)} cannot be kept: ${(error as Error).message}`,
      next: "Give a file that can be read, and room for a copy of it in EXP_HOME.",
      cause: error,
    });
  }
}
