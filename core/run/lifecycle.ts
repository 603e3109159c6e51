// One run from its claimed row to its last status: weights, images, training, and an end that is written on every way out.
import { basename, join } from "node:path";
import { Interrupted, LockstepError } from "../errors.ts";
import { knownError } from "../known-error.ts";
import { reached } from "../phases.ts";
import { offerResumePoint } from "../store/artifacts/offer.ts";
import { dropResumePoint } from "../store/artifacts/pending-uploads.ts";
import { findRun, openRecorder, readKnownLinks, type RunCreation } from "../store/index.ts";
import { recordSystemMetrics } from "../store/system-metrics.ts";
import type { State } from "../model/network.ts";
import type { LogEvent, Recorder } from "../train/recorder.ts";
import { Paused } from "../train/interruption.ts";
import { latestCheckpoint } from "../train/checkpoint-folder.ts";
import { train, type TrainResult } from "../train/trainer.ts";
import { captureConsole } from "./console-capture.ts";
import { withEpochLines } from "./epoch-lines.ts";
import { Pictures } from "./images.ts";
import { takeOver } from "./engine-change.ts";
import { loadWeights, type WeightsOrigin } from "./initial-weights.ts";
import { orAbort } from "./interrupt.ts";
import type { Job } from "./jobs.ts";
import { watchLoop } from "./loop-delay.ts";
import type { RunName, RunSummary } from "./observer.ts";
import type { Place } from "./advance.ts";
import { findResumePoint, type RunFolder } from "./resume-point.ts";
import { watchStopRequests } from "./stop-request.ts";
import { summaryOf, unfinished } from "./summary.ts";
import { seedText } from "../store/seed-text.ts";
import type { Workshop } from "./workshop.ts";

export interface RunOutcome {
  readonly summary: RunSummary;
  /** Absolute path of the best checkpoint, once done. */
  readonly bestPath: string | null;
  readonly error: LockstepError | null;
}

export interface RunWork extends Place {
  readonly name: RunName;
  readonly job: Job;
  readonly weights: WeightsOrigin;
  /** A new run is begun here; "stored": its row is there and nothing else; "resumed": an earlier attempt may have left a checkpoint. */
  readonly begin: RunCreation | "stored" | "resumed";
  /** Ends the attempt after this epoch, with status "paused"; absent: it goes to the run's end. */
  readonly pauseAfterEpoch?: number | null;
  /** What is unusual about this attempt; shown, and kept in the run's log. */
  readonly notes?: readonly string[];
}

/** After an interruption the trainer has this long to write a checkpoint and stop. */
const GRACE_MS = 1200;

/** Folder of a run's checkpoints and pictures. */
export function runFolder(home: string, runId: string): string {
  return join(home, "runs", runId);
}

/** A failed run is told in the outcome. @throws Interrupted when the sweep is to end */
export async function carryOut(work: RunWork, workshop: Workshop): Promise<RunOutcome> {
  const { store, home, observer, interrupt } = workshop;
  const create = typeof work.begin === "object" ? work.begin : undefined;
  const recorder = await openRecorder({ store, runId: work.name.run, home, create, onNotice: observer.notice });
  const { createdAt } = create?.run ?? (await findRun(store, work.name.run));
  const machine = recordSystemMetrics({ recorder, home, begunAt: createdAt ?? new Date() });
  const stop = watchStopRequests(workshop, work.name.run);
  const say = (level: LogEvent["level"], text: string): void => {
    observer.output(level, text);
    recorder.record({ kind: "log", level, text });
  };
  const release = captureConsole(say);
  const { name, index, total, cost, costAfter } = work;
  observer.runStarted({ name, index, total, cost, costAfter, resumed: work.begin === "resumed" });
  try {
    const outcome = await attempt({ work, workshop, recorder, say, signal: stop.signal });
    observer.runEnded(outcome.summary);
    return outcome;
  } finally {
    release();
    stop.dispose();
    await machine.stop();
    await recorder.close();
    interrupt.signal.throwIfAborted();
  }
}

interface Attempt {
  readonly work: RunWork;
  readonly workshop: Workshop;
  readonly recorder: Recorder;
  /** Shows a line and keeps it with the run. */
  readonly say: (level: LogEvent["level"], text: string) => void;
  readonly signal: AbortSignal;
}

async function attempt(run: Attempt): Promise<RunOutcome> {
  const { work, recorder, signal } = run;
  try {
    recorder.record({ kind: "status", status: "running", digest: null, error: null });
    const recordProfile = beginProfile(run);
    const result = await orAbort(trainRun(run), signal, GRACE_MS);
    recordProfile();
    recorder.record({ kind: "status", status: "done", digest: result.digest, error: null });
    dropResumePoint(run.workshop.home, work.name.run); // nobody goes on with it
    return { summary: summaryOf(work.name, result), bestPath: result.best.path, error: null };
  } catch (cause) {
    if (signal.aborted) return interrupted(run);
    if (cause instanceof Paused) return paused(run, cause);
    return failed(run, cause);
  }
}

/** Where the time goes, if that is asked for. @returns records it */
function beginProfile({ workshop: { engine, profile }, recorder }: Attempt): () => void {
  if (!profile) return () => undefined;
  engine.takeProfile?.(); // what an earlier run that failed has left
  const recordDelay = watchLoop(recorder);
  return () => {
    recorder.record({ kind: "profile", works: engine.takeProfile?.() ?? [] });
    recordDelay();
  };
}

async function trainRun({ work, workshop, recorder, say, signal }: Attempt): Promise<TrainResult> {
  const { job, name } = work;
  const { settings, seed } = job.planned;
  const { store, engine, resampler, home, observer } = workshop;
  const folder = runFolder(home, name.run);
  reached("run row");
  const prepared = await job.data.prepare(settings.storeSizePx, resampler);
  reached("images");
  const data = { manifest: job.manifest, split: job.split, prepared, resampler };
  for (const note of work.notes ?? []) say("warning", note);
  const resumed = work.begin === "resumed";
  const resumeFrom = resumed ? await goOn({ store, runId: name.run, folder }, say) : null;
  const engineChange = resumed ? await takeOver({ run: name.run, checkpoint: resumeFrom, say }, workshop) : null;
  const firstState = async (): Promise<State> => {
    const { state, report } = await loadWeights({ network: job.network, settings, seed }, work.weights);
    reached("weights");
    if (!resumed) for (const text of report) say("info", text);
    return state;
  };
  const pictures = new Pictures({ job, data, folder, home, recorder, onNotice: observer.notice });
  const training = train({
    ...{ settings, seed, network: job.network, state: firstState, engine, data, signal, resumeFrom, engineChange },
    recorder: withEpochLines(recorder, settings.epochs, (text) => say("info", text)),
    positiveClass: job.sweep.plan.positiveClass,
    hooks: job.sweep.plan.hooks,
    pauseAfterEpoch: work.pauseAfterEpoch,
    checkpoints: {
      folder,
      home,
      everySteps: workshop.checkpointEverySteps,
      onStep: (saved) => offerResumePoint({ home, onNotice: observer.notice }, name.run, saved),
    },
    knownLinks: resumed ? await readKnownLinks(store, name.run) : undefined,
    onProgress: (progress) => {
      pictures.begin();
      observer.progress(progress);
    },
  });
  return training.finally(() => (signal.aborted ? undefined : pictures.made()));
}

/** @returns the checkpoint to go on from, or null: from the beginning */
async function goOn(where: RunFolder, say: Attempt["say"]): Promise<string | null> {
  const { checkpoint, damaged, notice } = await findResumePoint(where);
  if (notice !== null) say("warning", notice);
  for (const path of damaged) say("warning", `a checkpoint is damaged and set aside: ${path}`);
  say(
    "info",
    checkpoint === null
      ? "resumed from the beginning: no checkpoint was written"
      : `resumed from ${basename(checkpoint)}`,
  );
  return checkpoint;
}

function interrupted({ work, recorder, say, signal }: Attempt): RunOutcome {
  say("warning", (signal.reason as Error).message);
  recorder.record({ kind: "status", status: "interrupted", digest: null, error: null });
  return { summary: unfinished(work.name, "interrupted"), bestPath: null, error: null };
}

function paused({ work, recorder, say }: Attempt, { message }: Paused): RunOutcome {
  say("info", message);
  recorder.record({ kind: "status", status: "paused", digest: null, error: null });
  return { summary: unfinished(work.name, "paused"), bestPath: null, error: null };
}

/** Told in the run's row, where the spool can still be written; told to the caller in any case. */
async function failed({ work, workshop, recorder }: Attempt, cause: unknown): Promise<RunOutcome> {
  const known = inRun(work.name, cause);
  const error =
    known.code === "storage" ? await withResumePoint(known, runFolder(workshop.home, work.name.run)) : known;
  const { code, message } = error;
  try {
    recorder.record({ kind: "log", level: "error", text: message });
    recorder.record({ kind: "status", status: "failed", digest: null, error: { code, message } });
  } catch (second) {
    if (!(second instanceof LockstepError && second.code === "storage")) throw second;
  }
  return { summary: unfinished(work.name, "failed"), bestPath: null, error };
}

/** A run that had no room goes on once there is some. */
async function withResumePoint({ code, message, next, cause }: LockstepError, folder: string): Promise<LockstepError> {
  const kept = await latestCheckpoint(folder).catch(() => null);
  const from = kept === null ? "It begins anew: no checkpoint was written yet." : `It goes on from ${basename(kept)}.`;
  return new LockstepError({ code, message, next: next === null ? from : `${next} ${from}`, cause });
}

function inRun({ experiment, variant, ...position }: RunName, cause: unknown): LockstepError {
  if (cause instanceof Interrupted) return new LockstepError({ code: "internal", message: cause.message, cause });
  const { code, message, next } = knownError(cause);
  return new LockstepError({
    code,
    message: `run ${experiment}/${variant}/${seedText(position)}: ${message}`,
    next,
    cause,
  });
}
