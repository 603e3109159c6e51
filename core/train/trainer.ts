// The training of one run, read as flax's examples are: create the model, train steps, evaluation steps, train and evaluate. It knows
// a Recorder and an Engine, never Postgres or a kernel; equal inputs give equal bits in everything but durations.
import { LockstepError } from "../errors.ts";
import { stateDigest } from "../model/digest.ts";
import { artifactOf } from "./artifact.ts";
import { runDigest } from "./chain.ts";
import { latestCheckpoint } from "./checkpoint-folder.ts";
import type { TrainInput, TrainResult } from "./contract.ts";
import { callHook, recordHistograms, type EndedEpoch } from "./epoch-end.ts";
import { isOver } from "./early-stopping.ts";
import { Paused, stopIfAborted } from "./interruption.ts";
import { Session } from "./session.ts";
import { valLosses } from "./standing.ts";
import { testBest } from "./test-best.ts";
import { trainEpoch } from "./train-epoch.ts";
import { validate } from "./validate.ts";

export type { TrainInput, TrainProgress, TrainResult } from "./contract.ts";

/**
 * Trains all epochs with a validation after each, then tests the best one.
 * @throws Interrupted when the signal fires; Paused after the epoch asked for; LockstepError "diverged", "verdict", "storage", …
 */
export async function train(input: TrainInput): Promise<TrainResult> {
  const session = await Session.open(input);
  try {
    return await trainAndEvaluate(session);
  } catch (error) {
    await session.settle(error);
    throw error;
  } finally {
    session.dispose();
  }
}

async function trainAndEvaluate(session: Session): Promise<TrainResult> {
  while (!isOver(session.input.settings, valLosses(session.standing))) {
    stopIfAborted(session.input.signal);
    pauseIfDue(session);
    const { program, stage } = await session.enterEpoch();
    const lr = await trainEpoch(session, program, stage);
    const state = await program.save();
    const digest = await stateDigest(state);
    const { epoch } = session.standing;
    const trained = recordEpoch(session, lr, digest);
    await recordHistograms(session, program, state);
    const validated = await validate(session, { program, state, stateDigest: digest });
    await callHook(session, { epoch, train: trained, ...validated });
    await session.writeCheckpoint({ state, digest });
  }
  session.dispose(); // its memory goes to the test's program
  return finish(session);
}

/** @throws Paused */
function pauseIfDue({ input: { pauseAfterEpoch = null, settings }, standing }: Session): void {
  const done = standing.epoch - 1;
  if (pauseAfterEpoch !== null && done >= pauseAfterEpoch) throw new Paused(done, settings.epochs);
}

function recordEpoch({ input, standing }: Session, lr: number, digest: string): EndedEpoch["train"] {
  const { loss, correct, n, durationMs } = standing.sums;
  const metrics = { loss: loss / n, accuracy: correct / n, precision: null, recall: null, f1: null, auc: null };
  input.recorder.record({
    kind: "epoch",
    phase: "train",
    epoch: standing.epoch,
    metrics,
    lr,
    durationMs,
    imagesPerSecond: (n * 1000) / durationMs,
    stateDigest: digest,
  });
  return { loss: metrics.loss, accuracy: metrics.accuracy, lr };
}

/** The test of the best epoch, the checkpoints as artifacts, the run's digest. */
async function finish(session: Session): Promise<TrainResult> {
  const { standing, input, checkpoints } = session;
  const { best, stateDigest: lastStateDigest } = standing;
  await checkpoints.written();
  const lastPath = await latestCheckpoint(input.checkpoints.folder);
  if (best === null || lastStateDigest === null || lastPath === null)
    throw new LockstepError({ code: "internal", message: "training ended without a best epoch or a checkpoint" });
  const bestPath = checkpoints.path(best.file);
  await checkpoints.prune(standing, 1);
  await recordCheckpoint(session, bestPath, best.epoch);
  await recordCheckpoint(session, lastPath, standing.epoch - 1);
  const { chain, ...test } = await testBest(session, bestPath);
  return {
    digest: runDigest(chain, lastStateDigest, test.predictions),
    chain,
    stateDigest: lastStateDigest,
    best: { ...best, path: bestPath },
    lastPath,
    test,
  };
}

async function recordCheckpoint({ input }: Session, path: string, epoch: number): Promise<void> {
  const about = { artifactKind: "checkpoint", mediaType: "application/octet-stream", epoch };
  input.recorder.record(await artifactOf(path, input.checkpoints.home, about));
}
