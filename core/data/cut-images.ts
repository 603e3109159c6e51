// Crop jobs to finished images: the resampler cuts, resizes and mirrors; pixel changes, where a job has some, come after.
import { changePixels } from "./pixel-threads.ts";
import type { CropJob, Prepared, Resampler } from "./sample.ts";

export interface CutImagesInput {
  readonly prepared: Prepared;
  readonly resampler: Resampler;
  readonly jobs: readonly CropJob[];
  readonly sizePx: number;
}

/** @returns uint8 RGB [jobs.length, sizePx, sizePx, 3] */
export async function cutImages({ prepared, resampler, jobs, sizePx }: CutImagesInput): Promise<Uint8Array> {
  const images = await resampler.resample(prepared, jobs, sizePx);
  const ops = jobs.map((job) => job.ops ?? []);
  return ops.some((own) => own.length > 0) ? changePixels(images, { sizePx, threads: resampler.threads }, ops) : images;
}
