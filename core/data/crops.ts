// Draws how each network input is cut out of its prepared image: at random for training; for validation as evaluation-view.ts says.
// A draw depends on seed, epoch and sample alone: order, batch size and threads do not move it.
import { exp, log, roundHalfEven } from "../exact-math.ts";
import { stream, type Stream } from "../random.ts";
import { LockstepError } from "../errors.ts";
import type { Augmentation, RandomResizedCrop } from "./augment.ts";
import { seenBox, type EvaluationView } from "./evaluation-view.ts";
import { isMix } from "./mix.ts";
import { drawPixelOps } from "./pixel-ops.ts";
import type { CropJob, ImageSize, Manifest, Prepared } from "./sample.ts";

/** Crop jobs for the samples of a batch. */
export type Crops = (sampleIndices: readonly number[]) => CropJob[];

export interface TrainingCropsInput {
  readonly prepared: Prepared;
  readonly manifest: Manifest;
  readonly augment: readonly Augmentation[];
  readonly seed: number;
  /** From 1. */
  readonly epoch: number;
}

/** @example const crops = trainingCrops({ prepared, manifest, augment: settings.augment, seed, epoch }) */
export function trainingCrops({ prepared, manifest, augment, seed, epoch }: TrainingCropsInput): Crops {
  return (sampleIndices) =>
    sampleIndices.map((sampleIndex) => {
      const draw = stream(seed, "augment", epoch, manifest.samples[sampleIndex]?.id ?? "");
      return augment.reduce((job, step) => apply(step, job, draw), wholeImage(prepared, sampleIndex));
    });
}

/** @param view absent: the whole image */
export function evaluationCrops({
  prepared,
  view,
}: {
  readonly prepared: Prepared;
  readonly view?: EvaluationView | undefined;
}): Crops {
  return (sampleIndices) =>
    sampleIndices.map((sampleIndex) => ({
      ...{ sampleIndex, flip: false },
      ...seenBox(imageOf(prepared, sampleIndex), view),
    }));
}

function wholeImage(prepared: Prepared, sampleIndex: number): CropJob {
  const { widthPx: width, heightPx: height } = imageOf(prepared, sampleIndex);
  return { sampleIndex, left: 0, top: 0, width, height, flip: false };
}

function imageOf(prepared: Prepared, sampleIndex: number): ImageSize {
  const image = prepared.images[sampleIndex];
  if (image === undefined) throw new RangeError(`no prepared image ${sampleIndex} of ${prepared.images.length}`);
  return image;
}

/** A flip before any change of pixels is the resampler's, which mirrors for nothing. */
function apply(step: Augmentation, job: CropJob, draw: Stream): CropJob {
  if (isMix(step)) return job; // of the whole batch: mix.ts
  const ops = job.ops ?? [];
  if (step.kind === "randomResizedCrop") {
    if (ops.length > 0) throw cropTooLate();
    return { ...job, ...drawBox(step, job, draw) };
  }
  const drawn = drawPixelOps(step, draw);
  if (drawn.length === 0) return job;
  if (step.kind === "horizontalFlip" && ops.length === 0) return { ...job, flip: !job.flip };
  return { ...job, ops: [...ops, ...drawn] };
}

function cropTooLate(): LockstepError {
  return new LockstepError({
    code: "experiment-invalid",
    message: "augment: randomResizedCrop stands behind a change of pixels, expected before it",
    next: "Put randomResizedCrop first.",
  });
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const ATTEMPTS = 10; // torchvision's

/** A box inside `within`, by the definition of torchvision's RandomResizedCrop.get_params. */
export function drawBox({ scale, ratio }: Pick<RandomResizedCrop, "scale" | "ratio">, within: Box, draw: Stream): Box {
  const area = within.width * within.height;
  const logRatio = [log(ratio[0]), log(ratio[1])] as const;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const target = area * between(scale, draw);
    const aspect = exp(between(logRatio, draw));
    const width = roundHalfEven(Math.sqrt(target * aspect));
    const height = roundHalfEven(Math.sqrt(target / aspect));
    if (width < 1 || width > within.width || height < 1 || height > within.height) continue;
    const top = within.top + draw.integer(within.height - height + 1);
    const left = within.left + draw.integer(within.width - width + 1);
    return { left, top, width, height };
  }
  return centralBox(within, ratio);
}

/** The largest box in the middle whose aspect ratio is allowed. */
function centralBox(within: Box, ratio: readonly [number, number]): Box {
  const own = within.width / within.height;
  const width = own > ratio[1] ? roundHalfEven(within.height * ratio[1]) : within.width;
  const height = own < ratio[0] ? roundHalfEven(within.width / ratio[0]) : within.height;
  const left = within.left + Math.floor((within.width - width) / 2);
  const top = within.top + Math.floor((within.height - height) / 2);
  return { left, top, width, height };
}

function between([low, high]: readonly [number, number], draw: Stream): number {
  return low + (high - low) * draw.uniform();
}
