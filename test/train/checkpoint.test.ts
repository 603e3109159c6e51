import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LockstepError } from "../../core/errors.ts";
import { stateDigest } from "../../core/model/digest.ts";
import { initialState } from "../../core/model/initialize.ts";
import { readSafetensors } from "../../core/model/weights/safetensors.ts";
import { writeAtomically } from "../../core/train/atomic-file.ts";
import { bestFile, CheckpointFolder, latestCheckpoint } from "../../core/train/checkpoint-folder.ts";
import { checkBelonging, readCheckpoint, writeCheckpoint } from "../../core/train/checkpoint.ts";
import { BEGINNING, type Standing } from "../../core/train/standing.ts";
import { smallNetwork } from "./small-network.ts";

const network = smallNetwork();
const weights = initialState(network, 0);
const moment = "optimizer.exp_avg.classifier.3.bias";
const state = new Map([...weights, [moment, new Float32Array([0.25, NaN])]]);
const { family, layout, widthMult, imageSizePx } = network;
const about = {
  belonging: { seed: 3, settings: "s", dataset: "d", split: "p" },
  network: { family, layout, widthMult, imageSizePx, classes: ["benign", "malignant"] },
};
const best = { epoch: 2, valLoss: 0.5, valAccuracy: 0.75, file: bestFile(2, 0.75) };
const standing: Standing = { ...BEGINNING, epoch: 3, batch: 4, chain: "ab".repeat(32), best };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a checkpoint gives back state, moments and standing, bit for bit", async () => {
  const path = join(folder, "a.safetensors");
  await writeCheckpoint(path, network, { ...about, standing, state });
  const read = await readCheckpoint(path);
  expect(read).toMatchObject({ ...about, standing });
  expect(await stateDigest(read.state)).toBe(await stateDigest(state));
});

test("a checkpoint's arrays have torchvision's names and shapes", async () => {
  const path = join(folder, "a.safetensors");
  await writeCheckpoint(path, network, { ...about, standing, state });
  const { tensors } = readSafetensors(await readFile(path), path);
  for (const { name, shape } of network.parameters) expect(tensors.get(name)?.shape).toEqual(shape);
  expect(tensors.get(moment)?.shape).toEqual([2]);
});

test("any flipped bit is found on load", async () => {
  const path = join(folder, "a.safetensors");
  await writeCheckpoint(path, network, { ...about, standing, state });
  const whole = await readFile(path);
  const headerLength = Number(whole.readBigUint64LE(0));
  const places = [0, 3, 9, 40, 200, Math.floor(headerLength / 2), 8 + headerLength, whole.length - 1];
  for (const place of places) {
    const flipped = Buffer.from(whole);
    flipped[place] = (flipped[place] as number) ^ 1;
    await writeFile(path, flipped);
    await expect(readCheckpoint(path), `byte ${place}`).rejects.toMatchObject({ code: "weights-invalid" });
  }
});

test("a checkpoint cut off in the middle is refused by name", async () => {
  const path = join(folder, "a.safetensors");
  await writeCheckpoint(path, network, { ...about, standing, state });
  await writeFile(path, (await readFile(path)).subarray(0, 5000));
  await expect(readCheckpoint(path)).rejects.toThrow(path);
});

test("a checkpoint resumes no run of other settings, seed or data", () => {
  expect(() => checkBelonging("f", about.belonging, about.belonging)).not.toThrow();
  expect(() => checkBelonging("f", about.belonging, { ...about.belonging, seed: 4 })).toThrow(
    /another seed: it has 3, this run has 4/,
  );
});

test("a write that fails leaves the old file and no half-written one", async () => {
  const path = join(folder, "a");
  await writeAtomically(path, new Uint8Array([1]));
  await expect(writeAtomically(join(path, "b"), new Uint8Array([2]))).rejects.toMatchObject({ code: "storage" });
  expect(await readdir(folder)).toEqual(["a"]);
});

test.skipIf(process.getuid?.() === 0)("a folder that may not be written is a storage error", async () => {
  await chmod(folder, 0o500);
  await expect(writeAtomically(join(folder, "a"), new Uint8Array(1))).rejects.toBeInstanceOf(LockstepError);
  await chmod(folder, 0o700);
});

test("the newest checkpoints and the best weights are kept, the others deleted", async () => {
  const checkpoints = new CheckpointFolder({ folder, home: folder, keep: 2 }, network, about);
  await writeFile(join(folder, "step-000001.safetensors.x.tmp"), "left behind");
  await checkpoints.open();
  expect(await latestCheckpoint(folder)).toBeNull();
  await checkpoints.writeBest(bestFile(1, 0.5), standing, state);
  for (const step of [9, 10, 11]) await checkpoints.writeStep(step, { ...standing, best: null }, { state });
  await checkpoints.writeBest(best.file, standing, state);
  await checkpoints.writeStep(12, standing, { state });
  await checkpoints.written();
  expect((await readdir(folder)).sort()).toEqual([best.file, "step-000011.safetensors", "step-000012.safetensors"]);
  expect(await latestCheckpoint(folder)).toBe(join(folder, "step-000012.safetensors"));
  expect((await readCheckpoint(join(folder, best.file))).state).toEqual(weights);
});
