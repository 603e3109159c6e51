// One epoch over the training samples, from the batch where the training stands.
import { batches, epochOrder, trainingCrops, type Batch } from "../data/index.ts";
import type { Program } from "../engine/engine.ts";
import { diverged } from "./evaluate.ts";
import { stopIfAborted } from "./interruption.ts";
import { learningRate } from "./learning-rate.ts";
import type { Session } from "./session.ts";
import type { Stage } from "./stages.ts";
import { dropoutMask, targetRows } from "./step-inputs.ts";
import { startWatch } from "./stopwatch.ts";

/** Leaves the session standing after the epoch's last batch. @returns the learning rate of the last step */
export async function trainEpoch(session: Session, program: Program, stage: Stage): Promise<number> {
  const { everySteps } = session.input.checkpoints;
  let lr = rateOf(session, stage, session.standing.batch);
  let watch = startWatch();
  for await (const batch of batchesLeft(session)) {
    lr = rateOf(session, stage, session.standing.batch + 1);
    await trainStep(session, program, { batch, lr, watch });
    if (everySteps && stepOf(session) % everySteps === 0) await session.writeCheckpoint();
    stopIfAborted(session.input.signal);
    watch = startWatch();
  }
  return lr;
}

interface Step {
  readonly batch: Batch;
  readonly lr: number;
  /** Milliseconds since the batch was first waited for. */
  readonly watch: () => number;
}

/** One step of the optimizer, and all that is told of it. */
async function trainStep(session: Session, program: Program, { batch: data, lr, watch }: Step): Promise<void> {
  const { input, standing } = session;
  const { settings, seed, network } = input;
  const { epoch } = standing;
  const batch = standing.batch + 1;
  const n = data.labels.length;
  const inputs = {
    images: data.images,
    targets: targetRows(data.labels, network.classes, settings.labelSmoothing),
    dropoutMask: dropoutMask(network, { seed, epoch, batch, images: n }),
  };
  const step = { lr, step: standing.optimizerStep + 1, clipNorm: settings.clipNorm ?? undefined };
  const { loss, correct } = await session.compute(program.trainStep(inputs, step));
  if (!Number.isFinite(loss)) throw diverged(`train epoch ${epoch}, batch ${batch}`, loss);
  const sampleIds = data.sampleIndices.map((index) => input.data.manifest.samples[index]?.id as string);
  const chain = session.link(standing.chain, { phase: "train", epoch, batch, sampleIds, loss, correct });
  const durationMs = watch();
  const sums = {
    loss: standing.sums.loss + loss * n,
    correct: standing.sums.correct + correct,
    n: standing.sums.n + n,
    durationMs: standing.sums.durationMs + durationMs,
  };
  session.moved({ ...standing, batch, optimizerStep: standing.optimizerStep + 1, chain, sums });
  input.recorder.record({
    kind: "batch",
    phase: "train",
    epoch,
    batch,
    loss,
    correct,
    n,
    lr,
    durationMs,
    chain,
    counts: null,
  });
  session.meter.batchDone(
    {
      phase: "train",
      epoch,
      batch,
      batches: session.batchesPerEpoch,
      loss: sums.loss / sums.n,
      accuracy: sums.correct / sums.n,
      lr,
      images: sums.n,
      ms: sums.durationMs,
    },
    standing.validations,
  );
}

function batchesLeft({ input, standing }: Session): AsyncGenerator<Batch, void, void> {
  const { settings, seed, data } = input;
  const { manifest, prepared, resampler, split } = data;
  const { augment, batchSize, imageSizePx: sizePx } = settings;
  const { epoch } = standing;
  const order = epochOrder(split.train, seed, epoch).slice(standing.batch * batchSize);
  const crops = trainingCrops({ prepared, manifest, augment, seed, epoch });
  return batches({ manifest, prepared, resampler, order, batchSize, crops, sizePx });
}

/** @param batch from 1 */
function rateOf({ input, standing, batchesPerEpoch }: Session, stage: Stage, batch: number): number {
  const { schedule, epochs } = input.settings;
  return learningRate(schedule, stage.lr, { epoch: standing.epoch, batch, epochs, batchesPerEpoch });
}

function stepOf({ standing, batchesPerEpoch }: Session): number {
  return (standing.epoch - 1) * batchesPerEpoch + standing.batch;
}
