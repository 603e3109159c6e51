// What a program of this engine promises: smaller batches, weights of samples, what is frozen keeps its bits, states move in and out,
// flat memory, and the same bits in another process.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine } from "../../../core/engine/engine.ts";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { createTensorflowEngine } from "../../../core/engine/tensorflow/index.ts";
import { requireInstallation } from "../../../core/engine/tensorflow/installation.ts";
import { loadLibrary } from "../../../core/engine/tensorflow/library.ts";
import { trainableParameters } from "../../../core/model/freeze.ts";
import { initialState } from "../../../core/model/initialize.ts";
import { isStatistic } from "../../../core/model/network.ts";
import { stream } from "../../../core/random.ts";
import { formulaState } from "../../model/formula-state.ts";
import { batchOf, changedNames, compile, distance, smallNetwork } from "./cases.ts";
import { isInstalled, skipReason, THREADS } from "./installed.ts";

vi.setConfig({ testTimeout: 300_000 }); // a busy machine is not a failure

describe.skipIf(!isInstalled)(`a program of the tensorflow engine${skipReason}`, () => {
  let engine: Engine;
  beforeAll(async () => void (engine = await createTensorflowEngine({ threads: THREADS })));
  afterAll(() => engine.close());
  const network = smallNetwork();

  it("gives back the state that it was given, moments from zero", async () => {
    const program = await compile(engine, network);
    const state = await program.save();
    expect(changedNames(formulaState(network), state)).toEqual([]);
    const moments = [...state].filter(([name]) => name.startsWith("optimizer."));
    expect(moments).toHaveLength(2 * trainableParameters(network, "none").size);
    expect(moments.every(([, values]) => values.every((value) => value === 0))).toBe(true);
    program.dispose();
  });

  it("goes on from a saved state as if it had not stopped", async () => {
    const straight = await compile(engine, network);
    const resumed = await compile(engine, network);
    const batch = batchOf(network, 4);
    for (let step = 1; step <= 2; step++) await straight.trainStep(batch, { lr: 1e-3, step });
    await resumed.load(await straight.save());
    await straight.trainStep(batch, { lr: 1e-3, step: 3 });
    await resumed.trainStep(batch, { lr: 1e-3, step: 3 });
    expect(changedNames(await straight.save(), await resumed.save())).toEqual([]);
    straight.dispose();
    resumed.dispose();
  });

  it("keeps no hold of the arrays that it was given: training changes none of them", async () => {
    const program = await compile(engine, network);
    const given = formulaState(network);
    await program.load(given);
    for (let step = 1; step <= 3; step++) await program.trainStep(batchOf(network, 4), { lr: 1e-2, step });
    expect(changedNames(formulaState(network), given)).toEqual([]);
    program.dispose();
  });

  it("takes a smaller batch, whose images are worth what they are in a full one", async () => {
    const program = await compile(engine, network);
    const few = await program.evaluate(batchOf(network, 3).images);
    const many = await program.evaluate(batchOf(network, 8).images);
    expect(distance(few, many.slice(0, few.length))).toBeLessThan(1e-5);
    const { loss, correct } = await program.trainStep(batchOf(network, 3), { lr: 1e-3, step: 1 });
    expect(loss).toBeGreaterThan(0);
    expect(correct).toBeLessThanOrEqual(3);
    program.dispose();
  });

  it("counts a sample of weight 2 as two, where no batch-norm sees the batch", async () => {
    const program = await compile(engine, network, { freeze: "backbone" });
    const { images, targets, dropoutMask } = batchOf(network, 2);
    const weighted = await program.gradients({ images, targets, dropoutMask, sampleWeights: Float32Array.of(1, 2) });
    const again = (values: Uint8Array | Float32Array) => [...values, ...values.subarray(values.length / 2)];
    const repeated = await program.gradients({
      images: Uint8Array.from(again(images)),
      targets: Float32Array.from(again(targets)),
      dropoutMask: Float32Array.from(again(dropoutMask as Float32Array)),
    });
    expect(weighted.loss).toBeCloseTo(repeated.loss, 5);
    for (const [name, values] of repeated.gradients) {
      expect(distance(weighted.gradients.get(name) as Float32Array, values), name).toBeLessThan(1e-4);
    }
    program.dispose();
  });

  it.each(["backbone", "blocks"] as const)(
    "leaves what freeze %s names, and its statistics, bit for bit",
    async (freeze) => {
      const program = await compile(engine, network, { freeze });
      const before = await program.save();
      await program.trainStep(batchOf(network, 4), { lr: 1e-2, step: 1 });
      const trainable = trainableParameters(network, freeze);
      const parts = new Map(network.parameters.map((parameter) => [parameter.name, parameter.part.kind]));
      for (const name of changedNames(before, await program.save())) {
        const isFree =
          trainable.has(name) || name.startsWith("optimizer.") || (freeze === "blocks" && parts.get(name) !== "block");
        expect(isFree, name).toBe(true);
      }
      program.dispose();
    },
  );

  it("moves the statistics of frozen batch-norms where it is told to", async () => {
    const program = await compile(engine, network, { freeze: "backbone", frozenBatchNorm: "update" });
    const before = await program.save();
    await program.trainStep(batchOf(network, 4), { lr: 1e-2, step: 1 });
    const changed = new Set(changedNames(before, await program.save()));
    const statistics = network.parameters.filter(isStatistic);
    expect(statistics.filter(({ name }) => !changed.has(name))).toEqual([]);
    program.dispose();
  });

  it("computes gradients without changing anything", async () => {
    const program = await compile(engine, network);
    const before = await program.save();
    await program.gradients(batchOf(network, 4));
    await program.evaluate(batchOf(network, 4).images);
    expect(changedNames(before, await program.save())).toEqual([]);
    program.dispose();
  });

  it("keeps memory flat over 500 steps, and gives the session back", async () => {
    const { tf } = loadLibrary(requireInstallation(), THREADS);
    const tiny = smallNetwork({ imageSizePx: 32, widthMult: 0.25 });
    const sessions = tf.node.getNumOfSavedModels();
    const program = await compile(engine, tiny);
    const batch = batchOf(tiny, 4);
    const train = async (from: number, to: number) => {
      for (let step = from; step <= to; step++) await program.trainStep(batch, { lr: 1e-4, step });
    };
    await train(1, 100);
    const tensors = tf.memory().numTensors;
    const rss = process.memoryUsage.rss();
    await train(101, 500);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(process.memoryUsage.rss() - rss).toBeLessThan(60e6); // 400 leaked batches of activations would be 400 MB and more
    program.dispose();
    expect(tf.node.getNumOfSavedModels()).toBe(sessions);
  });

  it("has a validation loss within 2 % of the portable engine's after 50 steps from the same state", async () => {
    const portable = await createPortableEngine({ threads: THREADS });
    const start = initialState(network, 0);
    const losses: number[] = [];
    for (const one of [engine, portable]) {
      const program = await compile(one, network);
      await program.load(start);
      for (let step = 1; step <= 50; step++) await program.trainStep(patternBatch("train", step), { lr: 1e-3, step });
      losses.push((await program.gradients(patternBatch("val", 0))).loss);
      program.dispose();
    }
    await portable.close();
    const [tensorflow, reference] = losses as [number, number];
    expect(Math.abs(tensorflow - reference)).toBeLessThan(0.02 * reference);
  });

  it("gives the same bits in two processes", () => {
    const run = () => spawnSync("npx", ["tsx", "test/engine/tensorflow/digest-run.ts"], { encoding: "utf8" });
    const [first, second] = [run(), run()];
    expect(first.status, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/[0-9a-f]{64}/);
    expect(second.stdout).toBe(first.stdout);
  });

  /** Eight images of three kinds of stripes under noise, so that there is something to learn. */
  function patternBatch(name: string, position: number) {
    const random = stream(0, name, position);
    const size = network.imageSizePx;
    const images = new Uint8Array(8 * size * size * 3);
    for (let i = 0; i < images.length; i++) {
      const pixel = Math.floor(i / 3);
      const place = [pixel % size, Math.floor(pixel / size) % size, (pixel % size) + (Math.floor(pixel / size) % size)];
      const kind = Math.floor(pixel / (size * size)) % 3;
      images[i] = ((place[kind] as number) % 8 < 4 ? 60 : 140) + random.integer(60);
    }
    const targets = Float32Array.from({ length: 24 }, (_, i) => (Math.floor(i / 3) % 3 === i % 3 ? 1 : 0));
    return { images, targets };
  }
});
