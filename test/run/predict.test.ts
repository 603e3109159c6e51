// A stored run put to use: what it says of its own test images is what it has stored of them, to the bit; over files and over HTTP.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createPredictApp } from "../../core/cli/predict-app.ts";
import { imagePaths } from "../../core/data/index.ts";
import { explainRun } from "../../core/run/explain-run.ts";
import { overlay } from "../../core/run/overlay.ts";
import { predictFiles, type PredictedFile } from "../../core/run/predict-files.ts";
import { openPredictor, saidClass, type Predictor } from "../../core/run/predictor.ts";
import { findRun, readPredictions, type StoredPrediction } from "../../core/store/index.ts";
import { TINY_SETTINGS, tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, noiseImages, silent, workshopOf, type Place } from "./trained.ts";

let place: Place;
let workshop: Awaited<ReturnType<typeof workshopOf>>;
let predictor: Predictor;
let images: string;
let stored: StoredPrediction[];
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  images = await noiseImages(place.folder);
  const base = { ...TINY_SETTINGS, imageSizePx: 40 }; // not the size of the files
  const variants = { base: {}, cropped: { evaluation: { kind: "centerCrop", fraction: 0.8 } } };
  await place.train("predict.mjs", tinyModule({ data: { kind: "folder", path: images, group: null }, base, variants }));
  const run = await findRun(place.store, "tiny/base/0");
  stored = await readPredictions(place.store, run.runId, "test");
  workshop = await workshopOf(place);
  predictor = await openPredictor(run, workshop);
}, 120_000);
afterAll(async () => {
  predictor.close();
  await workshop.close();
  await place.remove();
});

async function predictAll(paths: readonly string[], explain = false): Promise<PredictedFile[]> {
  const told: PredictedFile[] = [];
  for await (const file of predictFiles(predictor, paths, { explain, signal: place.interrupt.signal })) told.push(file);
  return told;
}

it("gives the stored probabilities of the test samples, to the bit", async () => {
  const told = await predictAll(stored.map(({ sampleId }) => join(images, sampleId)));
  expect(stored.length).toBeGreaterThan(4);
  const probabilities = told.map((file) => ("prediction" in file ? file.prediction.probabilities : null));
  expect(probabilities).toEqual(stored.map((one) => one.probabilities));
});

it("of a run that validates on the middle of images, too", async () => {
  const run = await findRun(place.store, "tiny/cropped/0");
  const own = await readPredictions(place.store, run.runId, "test");
  const cropped = await openPredictor(run, workshop);
  const paths = own.map(({ sampleId }) => join(images, sampleId));
  for await (const file of predictFiles(cropped, paths, { explain: true, signal: place.interrupt.signal })) {
    const { probabilities } = own[paths.indexOf(file.path)] as StoredPrediction;
    expect(file).toMatchObject({ prediction: { probabilities }, image: { widthPx: 26, heightPx: 26 } });
  }
  cropped.close();
  expect(own.map((one) => one.probabilities)).not.toEqual(stored.map((one) => one.probabilities));
});

it("finds the images of folders in order, and names what cannot be read without stopping", async () => {
  const folder = join(place.folder, "mixed");
  mkdirSync(join(folder, "inner"), { recursive: true });
  writeFileSync(join(folder, "a.png"), "text");
  writeFileSync(join(folder, "notes.txt"), "no image");
  writeFileSync(join(folder, "inner", "b.png"), readFileSync(join(images, "benign", "0.png")));
  const told = await predictAll(await imagePaths([folder]));
  expect(told.map((file) => [file.path, "reason" in file ? file.reason : "read"])).toEqual([
    [join(folder, "a.png"), "not an image: text"],
    [join(folder, "inner", "b.png"), "read"],
  ]);
  await expect(imagePaths([join(folder, "missing")])).rejects.toThrow("no such file or folder");
});

it("calls an image positive from a threshold on", () => {
  const prediction = { predicted: 0, probabilities: [0.7, 0.3] };
  expect(predictor.classes).toEqual(["benign", "malignant"]);
  expect([null, 0.2, 0.3, 0.31].map((threshold) => saidClass(predictor, prediction, threshold))).toEqual([0, 1, 1, 0]);
});

it("draws where the class is seen over the image, in its size", async () => {
  const [file] = await predictAll([join(images, "malignant", "0.png")], true);
  if (file === undefined || !("image" in file) || file.explanation === null) throw new Error("no explanation");
  const { cam } = file.explanation;
  expect(cam.every((value) => value >= 0 && value <= 1)).toBe(true);
  const picture = await sharp(await overlay(file.image, file.explanation, "png")).metadata();
  expect([picture.format, picture.width, picture.height]).toEqual(["png", 32, 32]);
});

it("serves the same answer over HTTP, and refuses what it cannot use", async () => {
  const app = createPredictApp({ predictor, threshold: null, maxBytes: 20_000, host: null, token: "secret" });
  const authorization = "Bearer secret";
  const png = readFileSync(join(images, stored[0]?.sampleId ?? ""));
  const post = async (body: Buffer | FormData, headers: Record<string, string>) =>
    app.request("http://localhost/predict", { method: "POST", body: body as BodyInit, headers });
  const raw = await post(png, { authorization, "content-type": "image/png" });
  const answer = (await raw.json()) as { class: string; probabilities: Record<string, number> };
  expect(Object.values(answer.probabilities)).toEqual(stored[0]?.probabilities);
  expect(answer.class).toBe(predictor.classes[stored[0]?.predicted ?? -1]);
  const form = new FormData();
  form.set("image", new File([png], "scan.png"));
  expect(await (await post(form, { authorization })).json()).toEqual(answer);
  const refused = [
    post(png, { "content-type": "image/png" }),
    post(Buffer.from("text"), { authorization, "content-type": "image/png" }),
    post(png, { authorization, "content-type": "text/plain" }),
    post(Buffer.alloc(30_000), { authorization, "content-type": "image/png" }),
    Promise.resolve(app.request("http://evil.example/predict", { method: "POST", headers: { authorization } })),
  ];
  expect((await Promise.all(refused)).map(({ status }) => status)).toEqual([401, 422, 415, 413, 403]);
});

it("stores where the network looked on the hardest test samples, once each", async () => {
  const run = await findRun(place.store, "tiny/base/0");
  const request = { run, part: "test", most: 3, source: null, onProgress: () => undefined } as const;
  const tools = { ...workshop, observer: silent, interrupt: place.interrupt };
  expect(await explainRun(request, tools)).toBe(3);
  expect(await explainRun(request, tools)).toBe(3);
  const rows = await place.store.sql<{ name: string; path: string }[]>`
    select name, path from artifacts where run_id = ${run.runId} and kind = 'grad-cam' order by name`;
  const own = ({ probabilities, label }: StoredPrediction) => probabilities[label] as number;
  const hardest = [...stored].sort((a, b) => own(a) - own(b)).slice(0, 3);
  expect(rows.map(({ name }) => name)).toEqual(hardest.map(({ sampleId }) => sampleId).sort());
  const picture = await sharp(join(place.home, rows[0]?.path ?? "")).metadata();
  expect(picture.format).toBe("webp");
});
