// An evaluation inside a run: each batch closes a link of the chain and is recorded, then the whole with confusion and predictions.
import type { Program } from "../engine/engine.ts";
import { confusionMatrix, countsOf } from "./confusion.ts";
import type { Evaluation } from "./contract.ts";
import { evaluateOn, type EvaluatedBatch } from "./evaluate.ts";
import type { Session } from "./session.ts";

export interface EvaluateInRun {
  readonly phase: "val" | "test";
  readonly epoch: number;
  readonly program: Pick<Program, "evaluate">;
  /** What the first batch's link follows. */
  readonly chain: string;
}

export interface EvaluatedInRun extends Evaluation {
  readonly batches: readonly EvaluatedBatch[];
  /** The chain after the last batch. */
  readonly chain: string;
}

/** @returns what was recorded; the session stands where it stood */
export async function evaluateInRun(
  session: Session,
  { phase, epoch, program, chain: before }: EvaluateInRun,
): Promise<EvaluatedInRun> {
  const { settings, network, data, recorder, signal } = session.input;
  const { manifest, prepared, resampler } = data;
  const { batchSize, imageSizePx, evaluation: view } = settings;
  const done: EvaluatedBatch[] = [];
  let chain = before;
  const evaluation = await evaluateOn({
    manifest,
    prepared,
    resampler,
    batchSize,
    imageSizePx,
    evaluation: view,
    signal,
    program,
    kept: phase === "val" ? session.kept.val : null,
    compute: (work) => session.compute(work),
    samples: data.split[phase],
    classes: network.classes,
    positive: session.positive,
    onBatch: (batch) => {
      const { predictions, loss, correct } = batch;
      const { sampleIds } = predictions;
      chain = session.link(chain, { phase, epoch, batch: batch.batch, sampleIds, loss, correct });
      done.push(batch);
      recordBatch(session, { phase, epoch, chain }, batch);
      showProgress(session, { phase, epoch }, done);
    },
  });
  const { metrics, confusion, classMetrics, predictions } = evaluation;
  const durationMs = done.reduce((sum, batch) => sum + batch.durationMs, 0);
  const imagesPerSecond = (predictions.labels.length * 1000) / durationMs;
  const lr = null;
  recorder.record({ kind: "epoch", phase, epoch, metrics, lr, durationMs, imagesPerSecond, stateDigest: null });
  recorder.record({ kind: "confusion", phase, epoch, counts: confusion });
  recorder.record({ kind: "scores", phase, epoch, scores: classMetrics });
  recorder.record({ kind: "predictions", phase, epoch, ...predictions });
  return { ...evaluation, batches: done, chain };
}

interface Where {
  readonly phase: "val" | "test";
  readonly epoch: number;
}

function recordBatch(session: Session, at: Where & { readonly chain: string }, evaluated: EvaluatedBatch): void {
  const { batch, loss, correct, durationMs, predictions } = evaluated;
  const { labels, predicted } = predictions;
  const confusion = confusionMatrix(labels, predicted, session.input.network.classes);
  const counts = at.phase === "test" ? countsOf(confusion, session.positive) : null;
  const row = { ...at, batch, loss, correct, n: labels.length, lr: null, durationMs, counts };
  session.input.recorder.record({ kind: "batch", ...row });
}

function showProgress(session: Session, at: Where, done: readonly EvaluatedBatch[]): void {
  const total = (value: (batch: EvaluatedBatch) => number) => done.reduce((sum, batch) => sum + value(batch), 0);
  const { data, settings } = session.input;
  const images = total(({ predictions }) => predictions.labels.length);
  const loss = total((batch) => batch.loss * batch.predictions.labels.length) / images;
  const accuracy = total(({ correct }) => correct) / images;
  const batches = Math.ceil(data.split[at.phase].length / settings.batchSize);
  const ms = total(({ durationMs }) => durationMs);
  const progress = { ...at, batch: done.length, batches, loss, accuracy, lr: null, images, ms };
  session.meter.batchDone(progress, session.standing.validations);
}
