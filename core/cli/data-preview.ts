// exp data preview: training images as the network sees them, and the draw that made each.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  contactSheet,
  drawMixes,
  epochOrder,
  partnerOf,
  trainingCrops,
  type CropJob,
  type Mix,
} from "../data/index.ts";
import { createPortableResampler } from "../engine/portable/resample.ts";
import { LockstepError } from "../errors.ts";
import { loadExperiment, planRuns, type PlannedRun } from "../experiment/index.ts";
import { expHome } from "../home.ts";
import type { PixelOp } from "../data/pixel-op.ts";
import type { Manifest } from "../data/sample.ts";
import { openData } from "../run/open-data.ts";
import { countingLines } from "./progress-line.ts";
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
  const { manifest, splitOf, prepare } = await openData(plan, { stage: printNotice, counting: countingLines() });
  const split = splitOf(planned);
  const resampler = await createPortableResampler({ threads: 1 });
  try {
    const { imageSizePx: sizePx, storeSizePx, augment, batchSize } = settings;
    const prepared = await prepare(storeSizePx, resampler);
    const order = epochOrder(split.train, seed, flags.epoch);
    const crops = trainingCrops({ prepared, manifest, augment, seed, epoch: flags.epoch });
    const mixesOf = (i: number) => drawMixes({ augment, seed, epoch: flags.epoch, batch: i + 1, sizePx });
    const made = { prepared, manifest, order, batchSize, crops, mixesOf, sizePx, resampler };
    const jobs = crops(order.slice(0, IMAGES));
    const draws = jobs.map((job, i) => drawOf(job, manifest, mixedWith({ order, batchSize, mixesOf }, i)));
    const sheet = await contactSheet({ ...made, count: IMAGES, notes: draws.map(noteOf) });
    const sheetPath = join(
      expHome(),
      "artifacts",
      "preview",
      `${plan.experiment}-${variant}-${seed}-${flags.epoch}.png`,
    );
    await mkdir(join(sheetPath, ".."), { recursive: true });
    await writeFile(sheetPath, sheet);
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
  readonly mixes: readonly Mix[];
  /** The sample that it is mixed with, or null. */
  readonly partner: string | null;
}

function drawOf(job: CropJob, { samples, classes }: Manifest, { mixes, partner }: Mixed): Draw {
  const sample = samples[job.sampleIndex];
  const className = classes[sample?.label ?? 0] ?? "";
  const partnerId = mixes.length === 0 ? null : (samples[partner]?.id ?? null);
  return { ...job, sample: sample?.id ?? "", className, mixes, partner: partnerId };
}

interface Mixed {
  readonly mixes: readonly Mix[];
  /** Into the manifest's samples. */
  readonly partner: number;
}

interface Mixing {
  readonly order: readonly number[];
  readonly batchSize: number;
  readonly mixesOf: (batch: number) => readonly Mix[];
}

/** @param at position in the order */
function mixedWith({ order, batchSize, mixesOf }: Mixing, at: number): Mixed {
  const batch = Math.floor(at / batchSize);
  const members = order.slice(batch * batchSize, (batch + 1) * batchSize);
  return { mixes: mixesOf(batch), partner: members[partnerOf(at % batchSize, members.length)] as number };
}

function printDraws(draws: readonly Draw[], sheetPath: string): void {
  const rows = draws.map((draw) => [
    ...[draw.sample, draw.className, draw.left, draw.top, draw.width, draw.height],
    draw.flip ? "mirrored" : "",
    changesOf(draw).join("; "),
  ]);
  printTable(["sample", "class", "left", "top", "width", "height", "flip", "changes"], rows);
  process.stdout.write(`\n${sheetPath}\n`);
}

/** The same under a picture of the sheet. @example "78 x 70 px at 16, 10; mirrored; mixup: share 0.255, with normal/7.png" */
function noteOf(draw: Draw): string {
  const box = `${draw.width} x ${draw.height} px at ${draw.left}, ${draw.top}`;
  return [box, ...(draw.flip ? ["mirrored"] : []), ...changesOf(draw)].join("; ");
}

function changesOf({ ops = [], mixes, partner }: Draw): string[] {
  return [...ops.map(changeText), ...mixes.map((mix) => `${changeText(mix)}, with ${partner}`)];
}

/** @example "brightness: factor 1.132" */
function changeText({ kind, ...drawn }: PixelOp | Mix): string {
  const numbers = Object.entries(drawn).filter(([, value]) => typeof value === "number") as [string, number][];
  return [kind, numbers.map(([name, value]) => `${name} ${Number(value.toFixed(3))}`).join(" ")]
    .filter((part) => part !== "")
    .join(": ");
}
