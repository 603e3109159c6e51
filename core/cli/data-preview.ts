// exp data preview: training images as the network sees them, and the draw that made each.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { contactSheet, epochOrder, trainingCrops, type CropJob } from "../data/index.ts";
import { createPortableResampler } from "../engine/portable/resample.ts";
import { LockstepError } from "../errors.ts";
import { loadExperiment, planRuns, type PlannedRun } from "../experiment/index.ts";
import { expHome } from "../home.ts";
import { openData } from "../run/open-data.ts";
import { printNotice } from "./notice.ts";
import { printJson, printTable } from "./output.ts";

const IMAGES = 12;

interface PreviewFlags {
  readonly variant?: string;
  readonly seed?: number;
  readonly epoch: number;
  readonly json?: boolean;
}

export async function previewData(path: string, flags: PreviewFlags): Promise<void> {
  const { experiment } = await loadExperiment(path);
  const plan = planRuns(experiment, {
    variants: flags.variant === undefined ? undefined : [flags.variant],
    seeds: flags.seed === undefined ? undefined : [flags.seed],
  });
  const planned = firstRun(plan.runs, path);
  const { variant, seed, settings } = planned;
  const { listing, splitOf, prepare } = await openData(plan, printNotice);
  const split = splitOf(planned);
  const resampler = await createPortableResampler({ threads: 1 });
  try {
    const { manifest } = listing;
    const { imageSizePx: sizePx, storeSizePx, augment } = settings;
    const prepared = await prepare(storeSizePx, resampler);
    const sampleIndices = epochOrder(split.train, seed, flags.epoch).slice(0, IMAGES);
    const crops = trainingCrops({ prepared, manifest, augment, seed, epoch: flags.epoch });
    const sheet = await contactSheet({ prepared, manifest, sampleIndices, crops, sizePx, resampler });
    const sheetPath = join(
      expHome(),
      "artifacts",
      "preview",
      `${plan.experiment}-${variant}-${seed}-${flags.epoch}.png`,
    );
    await mkdir(join(sheetPath, ".."), { recursive: true });
    await writeFile(sheetPath, sheet);
    const draws = crops(sampleIndices).map((job) => drawOf(job, manifest));
    if (flags.json) printJson({ type: "preview", sheet: sheetPath, variant, seed, epoch: flags.epoch, augment, draws });
    else printDraws(draws, sheetPath);
  } finally {
    await resampler.close();
  }
}

function firstRun(runs: readonly PlannedRun[], path: string): PlannedRun {
  const run = runs[0];
  if (run !== undefined) return run;
  throw new LockstepError({ code: "usage", message: `${path} plans no run`, next: "Give it a variant and a seed." });
}

interface Draw extends CropJob {
  readonly sample: string;
  readonly className: string;
}

function drawOf(job: CropJob, { samples, classes }: Parameters<typeof trainingCrops>[0]["manifest"]): Draw {
  const sample = samples[job.sampleIndex];
  return { ...job, sample: sample?.id ?? "", className: classes[sample?.label ?? 0] ?? "" };
}

function printDraws(draws: readonly Draw[], sheetPath: string): void {
  const rows = draws.map(({ sample, className, left, top, width, height, flip }) => [
    ...[sample, className, left, top, width, height],
    flip ? "mirrored" : "",
  ]);
  printTable(["sample", "class", "left", "top", "width", "height", "flip"], rows);
  process.stdout.write(`\n${sheetPath}\n`);
}
