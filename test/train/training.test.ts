import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import type { Engine } from "../../core/engine/engine.ts";
import type { SettingsInput } from "../../core/experiment/settings.ts";
import { digestOf } from "../../core/model/digest.ts";
import { frozenNames, type Freeze } from "../../core/model/freeze.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import { resolveSettings } from "../../core/experiment/resolve.ts";
import { readCheckpoint } from "../../core/train/checkpoint.ts";
import { FIRST_LINK, nextLink } from "../../core/train/chain.ts";
import type { TrainData } from "../../core/train/contract.ts";
import { batchesOf, openData, SMALL, timeless, trainOnce, withFolder, type Trained } from "./phantom-training.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
let data: TrainData & { close: () => Promise<void> };
let reference: Trained;

beforeAll(async () => {
  data = await openData();
  reference = await trainOnce(data, { seed: 0 });
});
afterAll(() => data.close());

test("the same seed gives the same events to the last bit", async () => {
  const again = await trainOnce(data, { seed: 0 });
  expect(again.digest).toBe(reference.digest);
  expect(timeless(again.events)).toEqual(timeless(reference.events));
});

test("another seed gives other losses on the same samples", async () => {
  const other = await trainOnce(data, { seed: 1 });
  expect(other.digest).not.toBe(reference.digest);
  const losses = ({ events }: Trained) => batchesOf(events).map(({ loss }) => loss);
  expect(losses(other)).not.toEqual(losses(reference));
  expect(other.test.predictions.sampleIds).toEqual(reference.test.predictions.sampleIds);
});

test.each([2, 3])("%i threads give the digest of one", async (threads) => {
  expect((await trainOnce(data, { seed: 0, threads })).digest).toBe(reference.digest);
});

test("every batch of every phase is recorded once, and the chain can be recomputed from train batches on", () => {
  const batches = batchesOf(reference.events);
  const { train, val, test: held } = data.split;
  const count = (samples: readonly number[]) => Math.ceil(samples.length / 12);
  expect(batches).toHaveLength(2 * (count(train) + count(val)) + count(held));
  expect(reference.chain).toBe(batches.at(-1)?.chain);
  const testBatch = batches.at(-1);
  const { sampleIds } = reference.test.predictions;
  expect(nextLink(batches.at(-2)?.chain ?? FIRST_LINK, sampleIds, testBatch?.loss ?? 0, testBatch?.correct ?? 0)).toBe(
    reference.chain,
  );
});

test("the test's numbers agree with its predictions, its confusion matrix and its batches' counts", () => {
  const { predictions, metrics, confusion } = reference.test;
  const right = predictions.predicted.filter((k, i) => k === predictions.labels[i]).length;
  expect(metrics.accuracy).toBe(right / predictions.labels.length);
  expect(confusion.flat().reduce((a, b) => a + b, 0)).toBe(data.split.test.length);
  const counts = batchesOf(reference.events)
    .filter(({ phase }) => phase === "test")
    .map(({ counts: c }) => c);
  const tp = counts.reduce((sum, c) => sum + (c?.tp ?? 0), 0);
  expect(tp).toBe(confusion[1]?.[1]);
});

test("the best epoch has the lowest validation loss, and its file the accuracy in its name", () => {
  const losses = reference.events.flatMap((e) => (e.kind === "epoch" && e.phase === "val" ? [e.metrics] : []));
  const lowest = losses.reduce((a, b) => (b.loss < a.loss ? b : a));
  expect(reference.best.valLoss).toBe(lowest.loss);
  expect(reference.best.path).toContain(`accuracy-${lowest.accuracy.toFixed(4)}`);
});

test.each<Freeze>(["backbone", "blocks", { upTo: 2 }])("what is frozen keeps its digest: %j", async (freeze) => {
  await withFolder(async (folder) => {
    const { lastPath } = await trainOnce(data, { settings: { ...SMALL, freeze }, folder });
    const network = mobilenetV3({ ...resolveSettings(SMALL), classes: 2 });
    const before = initialState(network, 0);
    const { state } = await readCheckpoint(lastPath);
    const frozen = frozenNames(network, freeze);
    expect(await digestOf(state, frozen)).toBe(await digestOf(before, frozen));
    expect(await digestOf(state, before.keys())).not.toBe(await digestOf(before, before.keys()));
  });
});

test("a network learns simulated lesions that are easy to tell apart", async () => {
  const easy = await openData({ samples: 240 });
  const settings = { ...SMALL, widthMult: 0.5, dropout: 0, batchSize: 16, epochs: 8, lr: 3e-3, augment: [] };
  const { events, test: held } = await trainOnce(easy, { settings, threads: 2 });
  const train = events.flatMap((e) => (e.kind === "epoch" && e.phase === "train" ? [e.metrics] : []));
  expect(train.at(-1)?.loss).toBeLessThan(0.5 * (train[0]?.loss ?? 0));
  expect(held.metrics.accuracy).toBeGreaterThan(0.75);
  await easy.close();
});

test("every program that a training compiles is disposed of, also where it ends early", async () => {
  const engine = await createPortableEngine({ threads: 1, kernels: "wasm" });
  let compiled = 0;
  let open = 0;
  const counting: Engine = {
    identity: engine.identity,
    compile: async (network, options) => {
      const program = await engine.compile(network, options);
      const dispose = program.dispose.bind(program);
      compiled++;
      open++;
      return Object.assign(program, { dispose: () => (open--, dispose()) });
    },
    close: () => engine.close(),
  };
  const settings: SettingsInput = { ...SMALL, freeze: [{ epochs: 1, part: "backbone" }, { part: "none" }] };
  await trainOnce(data, { settings, engine: counting });
  expect([compiled, open]).toEqual([3, 0]); // a program for each stage and one for the test
  await expect(trainOnce(data, { settings, engine: counting, signal: AbortSignal.abort() })).rejects.toThrow();
  expect(open).toBe(0);
  await engine.close();
});

test("a training that diverges says so and names the batch", async () => {
  const diverging = trainOnce(data, { settings: { ...SMALL, optimizer: "sgd", lr: 1e30 } });
  await expect(diverging).rejects.toMatchObject({
    code: "diverged",
    message: expect.stringContaining("train epoch 1") as string,
  });
});
