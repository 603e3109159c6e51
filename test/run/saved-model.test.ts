// `exp export RUN --to saved-model` in Python's TensorFlow: the probabilities that the run has stored of its test images, within 1e-5. The
// Python is the one that EXP_TEST_PYTHON names, or python3 where that has TensorFlow; EXP_TEST_IMAGES names class folders of real images, in
// place of noise.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, it } from "vitest";
import { networkImages, readImageFile } from "../../core/data/index.ts";
import { exportRun } from "../../core/run/export-run.ts";
import { findRun, readPredictions } from "../../core/store/index.ts";
import { TINY_SETTINGS, tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, noiseImages, workshopOf, type Place } from "./trained.ts";

const python = process.env["EXP_TEST_PYTHON"] ?? "python3";
const look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('tensorflow') is None)";
const hasTensorflow = spawnSync(python, ["-c", look]).status === 0;
const CHECK = fileURLToPath(new URL("./check-saved-model.py", import.meta.url));
const SIZE = 64;

const why = hasTensorflow ? "" : ` (skipped: ${python} has no tensorflow; EXP_TEST_PYTHON names one that has)`;

it.skipIf(!hasTensorflow)(
  `a run exported as SavedModel gives its stored probabilities in Python's TensorFlow${why}`,
  async () => {
    const place = await makePlace(inject("postgresUrl"));
    try {
      const images = process.env["EXP_TEST_IMAGES"] ?? (await noiseImages(place.folder));
      const { runId, stored } = await trainOn(images, place);
      const run = await findRun(place.store, runId);
      const folder = join(place.folder, "exported");
      await exportRun({ store: place.store, home: place.home, run, to: "saved-model", folder });
      const pixels = join(place.folder, "pixels");
      writeFileSync(
        pixels,
        await seen(
          stored.map(({ sampleId }) => join(images, sampleId)),
          place,
        ),
      );
      const args = [CHECK, folder, pixels, String(SIZE)];
      const told = JSON.parse(execFileSync(python, args, { encoding: "utf8", stdio: "pipe" })) as number[][];
      const far = stored.flatMap(({ probabilities }, i) =>
        probabilities.map((probability, c) => Math.abs(probability - (told[i]?.[c] ?? NaN))),
      );
      expect(Math.max(...far)).toBeLessThan(1e-5);
      const spread = stored.map(({ probabilities }) => probabilities[0] as number);
      expect(Math.max(...spread) - Math.min(...spread)).toBeGreaterThan(1e-3); // not the same for all
      console.log(`${stored.length} images, farthest ${Math.max(...far).toExponential(1)}`);
    } finally {
      await place.remove();
    }
  },
  300_000,
);

async function trainOn(images: string, place: Place) {
  const classes = readdirSync(images, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? one.name : []));
  const positiveClass = classes.find((name) => name === "malignant") ?? classes[0];
  const base = { ...TINY_SETTINGS, imageSizePx: SIZE, size: "small", batchSize: 8, epochs: 8 };
  const data = { kind: "folder", path: images, group: null };
  const [run] = await place.train("export.mjs", tinyModule({ data, base, positiveClass }));
  const runId = run?.run as string;
  return { runId, stored: await readPredictions(place.store, runId, "test") };
}

/** As the network sees them: uint8 [N, SIZE, SIZE, 3]. */
async function seen(paths: readonly string[], place: Place): Promise<Uint8Array> {
  const workshop = await workshopOf(place);
  try {
    const decoded = await Promise.all(paths.map((path) => readImageFile(path)));
    const sizes = { storeSizePx: Math.round(1.15 * SIZE), imageSizePx: SIZE };
    return await networkImages(decoded, sizes, workshop.resampler);
  } finally {
    await workshop.close();
  }
}
