// exp predict: a stored run on images without labels: class and probability of each, and where the network looked.
import { mkdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { csvText } from "../csv-text.ts";
import { imagePaths, type DecodedImage } from "../data/index.ts";
import { expHome } from "../home.ts";
import { overlay } from "../run/overlay.ts";
import { predictFiles } from "../run/predict-files.ts";
import { openPredictor, saidClass, type Explanation, type Prediction, type Predictor } from "../run/predictor.ts";
import { openWorkshop } from "../run/workshop.ts";
import { findRun } from "../store/index.ts";
import { writeAtomically } from "../train/atomic-file.ts";
import { fraction } from "./flags.ts";
import { interruptible } from "./interruptible.ts";
import { printJson, printTable } from "./output.ts";
import { progressLine } from "./progress-line.ts";
import { addEngineChoice, engineOf, type EngineFlags } from "./training-flags.ts";
import { withStore } from "./with-store.ts";

interface PredictFlags extends EngineFlags {
  readonly csv?: string;
  readonly threshold?: number;
  readonly explain?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Images are prepared as the run's own validation images were. Without --threshold the most probable class is said; with it an image is
called the run's positive class from that probability on. Images that cannot be read are named and make the exit code 1; the others
are told all the same.

Examples:
  exp predict frozen-backbone/unfrozen/0 scan.png
  exp predict 3f2a ../new-patients --csv predictions.csv --threshold 0.3
  exp predict 3f2a scan.png --explain overlays
  exp predict 3f2a ../new-patients --json | jq .probabilities.malignant`;

export function registerPredictCommand(program: Command): void {
  const command = program
    .command("predict")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .argument("<images...>", "image files, or folders that hold some")
    .description("What a stored run says of images without labels")
    .option("--csv <file>", "write a table: path, class, a probability a class, error")
    .option("--threshold <probability>", "call an image positive from here on, 0 to 1", fraction("--threshold"))
    .option("--explain <folder>", "write a Grad-CAM overlay of each image into this folder");
  addEngineChoice(command)
    .option("--json", "one JSON object an image")
    .addHelpText("after", EXAMPLES)
    .action((run: string, images: string[], flags: PredictFlags) =>
      interruptible(
        ({ signal }) => predict(run, images, flags, signal),
        () => undefined,
      ),
    );
}

/** What is told of an image. */
type Told = { readonly path: string } & ({ readonly prediction: Prediction } | { readonly reason: string });

async function predict(
  name: string,
  images: readonly string[],
  flags: PredictFlags,
  signal: AbortSignal,
): Promise<void> {
  const paths = await imagePaths(images);
  const progress = progressLine("predicting");
  const root = commonFolder(paths);
  const overlayOf = (path: string) => join(flags.explain ?? "", `${relative(root, resolve(path))}.grad-cam.png`);
  await withPredictor(name, flags, async (predictor) => {
    const told: Told[] = [];
    for await (const file of predictFiles(predictor, paths, { explain: flags.explain !== undefined, signal })) {
      if ("reason" in file) told.push(file);
      else {
        const { path, prediction, image, explanation } = file;
        told.push({ path, prediction });
        if (explanation !== null) await writeOverlay(overlayOf(path), image, explanation);
      }
      progress.update(told.length, paths.length);
    }
    const rows = told.map((one) => rowOf(one, predictor, flags.threshold ?? null));
    if (flags.csv !== undefined) await writeAtomically(flags.csv, Buffer.from(tableOf(rows, predictor)));
    if (flags.json) for (const row of rows) printJson(row);
    else print(rows, predictor, flags);
    if (rows.some(({ error }) => error !== null)) process.exitCode = 1;
  });
}

async function withPredictor(
  name: string,
  flags: PredictFlags,
  work: (predictor: Predictor) => Promise<void>,
): Promise<void> {
  return withStore(async (store) => {
    const run = await findRun(store, name);
    const stored = flags.explain === undefined ? run.engine : "portable"; // which alone gives the maps, from the same weights
    const workshop = await openWorkshop(engineOf(flags, stored), { store, home: expHome() });
    try {
      const predictor = await openPredictor(run, workshop);
      await work(predictor);
      predictor.close();
    } finally {
      await workshop.close();
    }
  });
}

interface Row {
  readonly path: string;
  /** Null: the image could not be used. */
  readonly class: string | null;
  readonly probabilities: Readonly<Record<string, number>> | null;
  readonly error: string | null;
}

function rowOf(told: Told, predictor: Predictor, threshold: number | null): Row {
  const { path } = told;
  if ("reason" in told) return { path, class: null, probabilities: null, error: told.reason };
  const { classes } = predictor;
  const probabilities = Object.fromEntries(
    classes.map((name, i) => [name, told.prediction.probabilities[i] as number]),
  );
  return {
    path,
    class: classes[saidClass(predictor, told.prediction, threshold)] as string,
    probabilities,
    error: null,
  };
}

function tableOf(rows: readonly Row[], { classes }: Predictor): string {
  const head = ["path", "class", ...classes.map((name) => `p(${name})`), "error"];
  const cells = rows.map((row) => [
    row.path,
    row.class ?? "",
    ...classes.map((name) => String(row.probabilities?.[name] ?? "")),
    row.error ?? "",
  ]);
  return csvText([head, ...cells]);
}

function print(rows: readonly Row[], { run, classes }: Predictor, { csv, explain }: PredictFlags): void {
  const good = rows.filter(({ error }) => error === null);
  process.stdout.write(`${pc.bold(`${run.experiment}/${run.variant}/${run.seed}`)} (${run.runId})\n`);
  if (csv === undefined) {
    const probability = (row: Row, name: string) => row.probabilities?.[name]?.toFixed(4) ?? "-";
    printTable(
      ["image", "class", ...classes],
      good.map((row) => [row.path, row.class ?? "-", ...classes.map((name) => probability(row, name))]),
    );
  } else process.stdout.write(`${good.length} images told in ${csv}\n`);
  if (explain !== undefined) process.stdout.write(`${good.length} overlays in ${explain}\n`);
  const bad = rows.filter(({ error }) => error !== null);
  for (const { path, error } of bad) process.stderr.write(`${pc.red("error")}: ${path}: ${error}\n`);
  if (bad.length > 0)
    process.stderr.write(`${pc.dim("next")}:  Repair or remove these ${bad.length}; the others are told above.\n`);
}

/** The folder that all images have in common: overlays keep their paths inside it, so that equal names stay apart. */
function commonFolder(paths: readonly string[]): string {
  return paths
    .map((path) => dirname(resolve(path)))
    .reduce((common, folder) => {
      while (relative(common, folder).startsWith("..")) common = dirname(common);
      return common;
    });
}

async function writeOverlay(path: string, image: DecodedImage, explanation: Explanation): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeAtomically(path, await overlay(image, explanation, "png"));
}
