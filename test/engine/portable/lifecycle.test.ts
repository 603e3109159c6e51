// How an engine ends: closed, disposed of, out of memory, with a dead thread; and how a process with one ends, in every way.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import type { CompileOptions } from "../../../core/engine/engine.ts";
import { createEngine } from "../../../core/engine/choose.ts";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { hasNative } from "../../../core/engine/portable/load.ts";
import { trainableParameters } from "../../../core/model/freeze.ts";
import { mobilenetV3, type MobilenetV3Settings } from "../../../core/model/mobilenet-v3.ts";
import type { Network } from "../../../core/model/network.ts";
import { formulaImages, formulaState, formulaTargets } from "../../model/formula-state.ts";

vi.setConfig({ testTimeout: 60_000 });

const KERNELS = hasNative() ? (["wasm", "native"] as const) : (["wasm"] as const);

function network(change: Partial<MobilenetV3Settings> = {}): Network {
  const base = {
    size: "small",
    layout: "torchvision",
    widthMult: 0.5,
    classes: 2,
    imageSizePx: 64,
    dropout: 0,
  } as const;
  return mobilenetV3({ ...base, batchNorm: { eps: 1e-3, momentum: 0.1 }, ...change });
}

function options(of: Network, batchSize: number): CompileOptions {
  const optimizer = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
  const trainable = trainableParameters(of, "none");
  return { batchSize, trainable, frozenBatchNorm: "inference", optimizer, purpose: "training" };
}

const batchOf = (count: number, sizePx = 64) => ({
  images: formulaImages(count, sizePx),
  targets: formulaTargets(count, 2, 0),
});

describe.each(KERNELS)("%s kernels", (kernels) => {
  it("a thread that dies in the middle of a step fails it with engine-failed, and everything after it", async () => {
    const engine = await createPortableEngine({ threads: 2, kernels });
    const program = await engine.compile(network(), options(network(), 16));
    await program.load(formulaState(network()));
    const { workers } = (engine as unknown as { team: { workers: Worker[] } }).team;
    const step = program.trainStep(batchOf(16), { lr: 0.01, step: 1 });
    const outcome = expect(step).rejects.toMatchObject({ code: "engine-failed" });
    await workers[1]?.terminate();
    await outcome;
    await expect(program.evaluate(batchOf(1).images)).rejects.toMatchObject({ code: "engine-failed" });
    await engine.close();
  });

  it("closing in the middle of a step fails it and ends the threads", async () => {
    const engine = await createPortableEngine({ threads: 3, kernels });
    const program = await engine.compile(network(), options(network(), 16));
    const outcome = expect(program.trainStep(batchOf(16), { lr: 0.01, step: 1 })).rejects.toMatchObject({
      code: "engine-failed",
    });
    await engine.close();
    await outcome;
  });

  it.each([
    ["nothing more to do", 0, "trained\ndone\n", ""],
    ["close", 0, "trained\nrejected rejected rejected rejected\ndone\n", ""],
    ["process.exit", 7, "trained\n", ""],
    ["exception", 1, "trained\n", "thrown on purpose"],
  ])("a process ends by itself: %s", async (ending, code, output, errors) => {
    const ended = await run([ending, kernels]);
    expect(ended).toMatchObject({ code, output });
    expect(ended.errors).toContain(errors);
  });
});

describe("limits and mistakes", () => {
  it("a plan that does not fit says how much it needs and which batch size would fit", async () => {
    const engine = await createPortableEngine({ threads: 1, kernels: "wasm" });
    const large = network({ size: "large", widthMult: 1, imageSizePx: 512 });
    const refused = expect(engine.compile(large, options(large, 400))).rejects;
    await refused.toMatchObject({
      code: "memory",
      next: expect.stringMatching(/^Use a batch size of at most \d+\.$/) as string,
    });
    await expect(engine.compile(large, options(large, 400))).rejects.toThrow(/batch size 400 needs \d+\.\d GB/);
    await engine.close();
  });

  it("one image of 32 px cannot train a batch-norm, but can be evaluated", async () => {
    const engine = await createPortableEngine({ threads: 1, kernels: "wasm" });
    const tiny = network({ imageSizePx: 32 });
    const program = await engine.compile(tiny, options(tiny, 2));
    await program.load(formulaState(tiny));
    await expect(program.trainStep(batchOf(1, 32), { lr: 0.01, step: 1 })).rejects.toThrow("sees one value a channel");
    expect(await program.evaluate(batchOf(1, 32).images)).toHaveLength(2);
    expect((await program.trainStep(batchOf(2, 32), { lr: 0.01, step: 1 })).loss).toBeGreaterThan(0);
    await engine.close();
  });

  it("weights that are missing or of another shape are named", async () => {
    const engine = await createPortableEngine({ threads: 1, kernels: "wasm" });
    const program = await engine.compile(network(), options(network(), 2));
    const state = formulaState(network({ classes: 3 }));
    await expect(program.load(state)).rejects.toThrow("classifier.3.weight is");
    await expect(program.load(new Map())).rejects.toThrow("features.0.0.weight is nothing");
    await engine.close();
  });

  it("auto takes the portable engine where no GPU is", async () => {
    const engine = await createEngine({ engine: "portable", threads: 1 });
    await engine.close();
    expect(engine.identity).toMatchObject({ name: "portable", device: "cpu", threads: 1 });
  });
});

/** Runs processes/train.ts. */
function run(args: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const script = fileURLToPath(new URL("./processes/train.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output, errors })));
}
