// `exp explain RUN`: where the network looked on samples that the run has predicted, as Grad-CAM overlays stored with the run; the
// dashboard shows them beside the images. The class that is explained is the one that the run says.
import { readPreparedImage } from "../data/prepared-file.ts";
import type { DecodedImage, Source } from "../data/index.ts";
import type { Manifest, Prepared } from "../data/sample.ts";
import { LockstepError } from "../errors.ts";
import { offerArtifact } from "../store/artifacts/offer.ts";
import { readPredictions, type RunRow, type StoredPrediction } from "../store/index.ts";
import { OVERLAY_KIND, saveOverlays } from "../store/overlays.ts";
import { keepBytes } from "../train/kept-files.ts";
import type { ArtifactEvent } from "../train/recorder.ts";
import { overlay } from "./overlay.ts";
import { openPredictor, type Explanation, type Predictor } from "./predictor.ts";
import { rebuildJob } from "./rebuild.ts";
import { readRecorded } from "./recorded.ts";
import type { Workshop } from "./workshop.ts";

export interface ExplainRequest {
  readonly run: RunRow;
  readonly part: "val" | "test";
  /** The samples with the highest loss; null: all. */
  readonly most: number | null;
  /** Where the images are, if elsewhere than when the run was made. */
  readonly source: Source | null;
  readonly onProgress: (done: number, total: number) => void;
}

type Tools = Pick<Workshop, "store" | "home" | "engine" | "resampler" | "observer" | "interrupt">;

/** @returns how many overlays were stored @throws LockstepError "run-state", "data-invalid", "usage" */
export async function explainRun(
  { run, part, most, source, onProgress }: ExplainRequest,
  tools: Tools,
): Promise<number> {
  const recorded = await readRecorded(tools.store, run);
  const chosen = hardest(await lastPredictions(run, part, tools), most);
  const job = await rebuildJob(recorded, { source, watch: tools.observer });
  if (job.manifest.digest !== run.datasetDigest) throw otherImages(run);
  const prepared = await job.data.prepare(recorded.config.settings.storeSizePx, tools.resampler);
  const predictor = await openPredictor(run, tools);
  try {
    for (let done = 0; done < chosen.length; done += predictor.batchSize) {
      tools.interrupt.signal.throwIfAborted();
      const batch = chosen.slice(done, done + predictor.batchSize);
      await explainBatch(batch, { predictor, manifest: job.manifest, prepared, tools });
      onProgress(done + batch.length, chosen.length);
    }
  } finally {
    predictor.close();
  }
  return chosen.length;
}

async function lastPredictions(run: RunRow, part: "val" | "test", { store }: Tools): Promise<StoredPrediction[]> {
  const found = await readPredictions(store, run.runId, part, part === "val" ? run.bestEpoch : null);
  if (found.length > 0) return found;
  throw new LockstepError({
    code: "run-state",
    message: `run ${run.runId} (${run.status}) has no ${part} predictions.`,
    next: "Name a run that is done.",
  });
}

function hardest(predictions: readonly StoredPrediction[], most: number | null): StoredPrediction[] {
  const own = ({ probabilities, label }: StoredPrediction) => probabilities[label] as number;
  return [...predictions].sort((a, b) => own(a) - own(b)).slice(0, most ?? predictions.length);
}

interface Around {
  readonly predictor: Predictor;
  readonly manifest: Manifest;
  readonly prepared: Prepared;
  readonly tools: Tools;
}

async function explainBatch(batch: readonly StoredPrediction[], around: Around): Promise<void> {
  const { predictor, manifest, prepared, tools } = around;
  const { runId } = predictor.run;
  const indices = new Map(manifest.samples.map(({ id }, index) => [id, index]));
  const images: DecodedImage[] = [];
  for (const { sampleId } of batch) images.push(await imageOf(prepared, indices.get(sampleId) as number));
  const explanations = await predictor.explain(
    images,
    batch.map(({ predicted }) => predicted),
  );
  const events: ArtifactEvent[] = [];
  for (const [i, { sampleId: name }] of batch.entries()) {
    const bytes = await overlay(predictor.seen(images[i] as DecodedImage), explanations[i] as Explanation, "webp");
    const kept = keepBytes({ home: tools.home, runId }, bytes, ".webp");
    events.push({ kind: "artifact", artifactKind: OVERLAY_KIND, name, epoch: null, ...kept });
  }
  await saveOverlays(tools.store, runId, events);
  const at = { home: tools.home, onNotice: tools.observer.notice };
  for (const event of events) offerArtifact(at, runId, event);
}

/** As it was prepared for the training: the network's view of it before its last resize. */
async function imageOf(prepared: Prepared, index: number): Promise<DecodedImage> {
  const { widthPx, heightPx } = prepared.images[index] as Prepared["images"][number];
  return { data: await readPreparedImage(prepared, index), widthPx, heightPx };
}

function otherImages({ runId }: RunRow): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `the images are not those that run ${runId} was trained on.`,
    next: "exp reproduce names what changed; --data PATH says where the images are now.",
  });
}
