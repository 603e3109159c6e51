// What must not change a bit: threads, batch sizes compiled for, other programs; and what must: the batch.
import { createHash } from "node:crypto";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { Batch, CompileOptions, Engine, Optimizer, Program } from "../../../core/engine/engine.ts";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { hasNative } from "../../../core/engine/portable/load.ts";
import { frozenNames, trainableParameters, type Freeze } from "../../../core/model/freeze.ts";
import { mobilenetV3, type MobilenetV3Settings } from "../../../core/model/mobilenet-v3.ts";
import type { Network } from "../../../core/model/network.ts";
import { formulaDropoutMask, formulaImages, formulaState, formulaTargets } from "../../model/formula-state.ts";

vi.setConfig({ testTimeout: 120_000 }); // a busy machine is not a failure

const ADAM: Optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };
const wasm = await Promise.all([1, 2, 3].map((threads) => createPortableEngine({ threads, kernels: "wasm" })));
const native = hasNative()
  ? await Promise.all([
      createPortableEngine({ threads: 2, kernels: "native" }),
      createPortableEngine({ threads: 5, kernels: "native" }),
      createPortableEngine({ threads: 2, kernels: "native-avx2" }),
      createPortableEngine({ threads: 1, kernels: "native-sse2" }),
    ])
  : [];
const engines = [...wasm, ...native];
const [one, two, three] = wasm as [Engine, Engine, Engine];
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

function small(change: Partial<MobilenetV3Settings> = {}): Network {
  const base = {
    size: "small",
    layout: "torchvision",
    widthMult: 0.5,
    classes: 3,
    imageSizePx: 48,
    dropout: 0.2,
  } as const;
  return mobilenetV3({ ...base, batchNorm: { eps: 1e-3, momentum: 0.1 }, ...change });
}

function options(
  network: Network,
  batchSize: number,
  change: Partial<CompileOptions> = {},
  freeze: Freeze = "none",
): CompileOptions {
  const trainable = trainableParameters(network, freeze);
  return { batchSize, trainable, frozenBatchNorm: "inference", optimizer: ADAM, purpose: "training", ...change };
}

async function compile(engine: Engine, network: Network, compileOptions: CompileOptions): Promise<Program> {
  const program = await engine.compile(network, compileOptions);
  await program.load(formulaState(network));
  return program;
}

function batchOf(network: Network, count: number): Batch {
  const features = network.ops.find((op) => op.kind === "dropout")?.output.channels ?? 0;
  return {
    images: formulaImages(count, network.imageSizePx),
    targets: formulaTargets(count, network.classes, 0.1),
    dropoutMask: formulaDropoutMask(count, features, 0.2),
  };
}

/** Digest of losses, state and logits after steps on batches of the given sizes. */
async function digest(
  program: Program,
  network: Network,
  sizes: readonly number[],
  clipNorm?: number,
): Promise<string> {
  const hash = createHash("sha256");
  for (const [i, count] of sizes.entries()) {
    const result = await program.trainStep(batchOf(network, count), { lr: 1e-3, step: i + 1, clipNorm });
    hash.update(JSON.stringify(result));
  }
  for (const [name, values] of await program.save()) hash.update(name).update(new Uint8Array(values.buffer));
  hash.update(new Uint8Array((await program.evaluate(formulaImages(3, network.imageSizePx))).buffer));
  program.dispose();
  return hash.digest("hex");
}

describe(`the same bits from ${engines.map(({ identity }) => `${identity.kernels} x ${identity.threads}`).join(", ")}`, () => {
  const cases: [string, Network, number, number[]][] = [
    ["small, batches of 7 and 5", small(), 7, [7, 7, 5]],
    [
      "large, article, 9 classes, width 0.35",
      small({ size: "large", layout: "article", classes: 9, widthMult: 0.35, imageSizePx: 64 }),
      6,
      [6, 3],
    ],
    ["large, width 1.25, batches of 2", small({ size: "large", widthMult: 1.25, imageSizePx: 32 }), 3, [2, 2]],
    ["small, 2 classes, batches of 32", small({ classes: 2, imageSizePx: 32 }), 32, [32, 7]],
    [
      "large, width 0.1: blocks without expansion",
      small({ size: "large", widthMult: 0.1, imageSizePx: 32 }),
      4,
      [4, 2],
    ],
  ];
  it.each(cases)("%s", async (_name, network, batchSize, sizes) => {
    const digests = await Promise.all(
      engines.map(async (engine) =>
        digest(await compile(engine, network, options(network, batchSize)), network, sizes),
      ),
    );
    expect(new Set(digests).size).toBe(1);
    const clipped = await Promise.all(
      [one, ...engines.slice(2, 4)].map(async (engine) =>
        digest(await compile(engine, network, options(network, batchSize)), network, sizes, 0.1),
      ),
    );
    expect(new Set(clipped).size).toBe(1);
    expect(clipped[0]).not.toBe(digests[0]);
  });
});

describe("optimizers and freezing", () => {
  const optimizers: Optimizer[] = [
    { kind: "adamw", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 },
    { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
    { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    { kind: "rmsprop", alpha: 0.9, eps: 1e-7, momentum: 0.9, weightDecay: 0 },
  ];
  it.each(optimizers.map((optimizer) => [JSON.stringify(optimizer), optimizer] as const))(
    "same bits with %s",
    async (_name, optimizer) => {
      const network = small();
      const run = async (engine: Engine) =>
        digest(await compile(engine, network, options(network, 4, { optimizer })), network, [4, 4]);
      expect(await run(one)).toBe(await run(engines.at(-1) ?? three));
    },
  );

  it.each(["backbone", "blocks", { upTo: 3 }] as Freeze[])("the same bits from all, frozen: %j", async (freeze) => {
    const network = small();
    const digests = await Promise.all(
      engines.map(async (engine) =>
        digest(await compile(engine, network, options(network, 7, {}, freeze)), network, [7, 6, 7]),
      ),
    );
    expect(new Set(digests).size).toBe(1);
  });

  it.each(["backbone", "blocks", { upTo: 3 }] as Freeze[])(
    "frozen parts keep their bits, others change: %j",
    async (freeze) => {
      const network = small();
      const program = await compile(two, network, options(network, 5, {}, freeze));
      const before = await program.save();
      await program.trainStep(batchOf(network, 5), { lr: 1e-2, step: 1 });
      const after = await program.save();
      program.dispose();
      const frozen = new Set(frozenNames(network, freeze));
      const same = (name: string) => Buffer.from(before.get(name)!.buffer).equals(Buffer.from(after.get(name)!.buffer));
      for (const { name } of network.parameters) expect(same(name), name).toBe(frozen.has(name));
    },
  );

  it("a frozen batch-norm that updates changes its statistics and nothing else", async () => {
    const network = small();
    const program = await compile(two, network, options(network, 5, { frozenBatchNorm: "update" }, "backbone"));
    const before = await program.save();
    await program.trainStep(batchOf(network, 5), { lr: 1e-2, step: 1 });
    const after = await program.save();
    program.dispose();
    for (const { name, kind } of network.parameters) {
      const same = Buffer.from(before.get(name)!.buffer).equals(Buffer.from(after.get(name)!.buffer));
      const changes = kind === "runningMean" || kind === "runningVar" || name.startsWith("classifier");
      expect(same, name).toBe(!changes);
    }
  });
});

describe("frozen features", () => {
  it("training the head on kept features gives the bits of training it on images", async () => {
    const network = small();
    const [onImages, onFeatures] = (await Promise.all(
      [one, engines.at(-1) as Engine].map((engine) => compile(engine, network, options(network, 6, {}, "backbone"))),
    )) as [Program, Program];
    const { frozenFeatures } = onFeatures;
    if (frozenFeatures === undefined) throw new Error("a program that trains its head alone has frozen features");
    for (const [i, count] of [6, 4].entries()) {
      const { images, ...labels } = batchOf(network, count);
      const features = await frozenFeatures.compute(images);
      expect(features).toHaveLength(count * frozenFeatures.count);
      const settings = { lr: 1e-2, step: i + 1, clipNorm: i === 1 ? 0.1 : undefined };
      const result = await frozenFeatures.trainStep({ features, ...labels }, settings);
      expect(result).toEqual(await onImages.trainStep({ images, ...labels }, settings));
      expect(await frozenFeatures.evaluate(features)).toEqual(await onImages.evaluate(images));
    }
    const [a, b] = [await onImages.save(), await onFeatures.save()];
    for (const [name, values] of a) expect(values, name).toEqual(b.get(name));
    onImages.dispose();
    onFeatures.dispose();
  });

  it("are not offered where more than the head trains or statistics change", async () => {
    const network = small();
    const offered = async (freeze: Freeze, frozenBatchNorm: "inference" | "update") => {
      const program = await one.compile(network, options(network, 2, { frozenBatchNorm }, freeze));
      program.dispose();
      return program.frozenFeatures !== undefined;
    };
    expect(await offered("blocks", "inference")).toBe(false);
    expect(await offered("backbone", "update")).toBe(false);
    expect(await offered("backbone", "inference")).toBe(true);
  });
});

describe("batches", () => {
  it("an image's logits do not depend on the batch that it is in, from 1 to 7", async () => {
    const network = small();
    const program = await compile(two, network, options(network, 7));
    const images = formulaImages(7, 48);
    const all = await program.evaluate(images);
    for (let count = 1; count <= 7; count++) {
      const some = await program.evaluate(images.subarray(0, count * 48 * 48 * 3));
      expect([...some]).toEqual([...all.subarray(0, count * 3)]);
    }
    program.dispose();
  });

  it("a step on a smaller batch is the same whatever batch size was compiled for", async () => {
    const network = small();
    const digests: string[] = [];
    for (const batchSize of [3, 8]) {
      digests.push(await digest(await compile(two, network, options(network, batchSize)), network, [3, 3]));
    }
    expect(digests[0]).toBe(digests[1]);
  });

  it("another batch gives another digest", async () => {
    const network = small();
    const run = async (size: number) => digest(await compile(one, network, options(network, 5)), network, [size]);
    expect(await run(4)).not.toBe(await run(5));
  });

  it("steps and evaluations that are asked for at once run one after the other", async () => {
    const network = small();
    const program = await compile(two, network, options(network, 4));
    const batch = batchOf(network, 4);
    const queued = [1, 2, 3].map((step) => program.trainStep(batch, { lr: 1e-3, step }));
    const logits = program.evaluate(batch.images);
    const losses = (await Promise.all(queued)).map(({ loss }) => loss);
    const again = await compile(two, network, options(network, 4));
    const waited: number[] = [];
    for (const step of [1, 2, 3]) waited.push((await again.trainStep(batch, { lr: 1e-3, step })).loss);
    expect(losses).toEqual(waited);
    expect(await logits).toEqual(await again.evaluate(batch.images));
    program.dispose();
    again.dispose();
  });
});

describe("state", () => {
  it("what is saved and loaded again continues with the same bits", async () => {
    const network = small();
    const straight = await compile(two, network, options(network, 4));
    const batch = batchOf(network, 4);
    await straight.trainStep(batch, { lr: 1e-3, step: 1 });
    const resumed = await two.compile(network, options(network, 4));
    await resumed.load(await straight.save());
    const results = await Promise.all(
      [straight, resumed].map((program) => program.trainStep(batch, { lr: 1e-3, step: 2 })),
    );
    expect(results[0]).toEqual(results[1]);
    const [a, b] = [await straight.save(), await resumed.save()];
    for (const [name, values] of a)
      expect(Buffer.from(values.buffer).equals(Buffer.from(b.get(name)!.buffer)), name).toBe(true);
    straight.dispose();
    resumed.dispose();
  });

  it("memory stays flat over many steps", async () => {
    const network = small();
    const program = await compile(one, network, options(network, 4));
    const batch = batchOf(network, 4);
    await program.trainStep(batch, { lr: 1e-4, step: 1 });
    await program.evaluate(batch.images);
    const bytes = program.memoryBytes;
    for (let step = 2; step <= 40; step++) await program.trainStep(batch, { lr: 1e-4, step });
    await program.evaluate(batch.images);
    expect(program.memoryBytes).toBe(bytes);
    program.dispose();
  });
});
