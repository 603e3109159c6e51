// Every kernel and its gradient against PyTorch in float64, element by element, on small networks of every kind of layer;
// and three steps of every optimizer. Tolerance: 2e-4 of the tensor's largest number, 3e-3 where a batch-norm's input has a
// mean of 1000 deviations, and 2e-2 for the convolution before it, where PyTorch's own float32 is 1.5e-2 off.
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import type { Optimizer } from "../../../core/engine/engine.ts";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { isStatistic, type Network } from "../../../core/model/network.ts";
import { smallBatch, smallNetwork, smallState, type SmallSpec } from "./small-network.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;
interface Golden {
  readonly cases: readonly (SmallSpec & {
    readonly name: string;
    readonly logits: readonly number[];
    readonly loss: number;
    readonly gradients: Numbers;
    readonly statistics: Numbers;
    /** Norm of the error of PyTorch's own float32 gradients. */
    readonly float32Error: number;
  })[];
  readonly optimizerCase: SmallSpec;
  readonly optimizers: readonly {
    readonly optimizer: Optimizer;
    readonly clipNorm: number | null;
    readonly lr: number;
    readonly loss: number;
    readonly weights: Numbers;
  }[];
}
const golden = JSON.parse(readFileSync(new URL("../../golden/engine-kernels.json", import.meta.url), "utf8")) as Golden;
const SGD: Optimizer = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 };

const engine = await createPortableEngine({ threads: 2 });
afterAll(() => engine.close());

async function compile(spec: SmallSpec, optimizer: Optimizer) {
  const network: Network = smallNetwork(spec);
  const trainable = new Set(network.parameters.filter((p) => !isStatistic(p)).map((p) => p.name));
  const batchSize = spec.images + 1; // a batch smaller than compiled for
  const program = await engine.compile(network, {
    batchSize,
    trainable,
    frozenBatchNorm: "inference",
    optimizer,
    purpose: "training",
  });
  await program.load(smallState(network));
  return program;
}

function expectNear(
  name: string,
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  scale = 0,
): void {
  const room = tolerance * Math.max(scale, ...expected.map(Math.abs));
  expect(actual.length, name).toBe(expected.length);
  const off = Math.max(...expected.map((value, i) => Math.abs((actual[i] as number) - value)));
  expect(off, name).toBeLessThanOrEqual(room);
}

describe("values and gradients", () => {
  it.each(golden.cases.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const tolerance = name.includes("1000 deviations") ? 3e-3 : 2e-4;
    const program = await compile(one, SGD);
    const { loss, gradients } = await program.gradients(smallBatch(one));
    expect(Math.abs(loss - one.loss)).toBeLessThan(tolerance * one.loss);
    const largest = Math.max(...Object.values(one.gradients).flat().map(Math.abs));
    for (const [parameter, expected] of Object.entries(one.gradients)) {
      const room = tolerance > 1e-3 && parameter === "0.conv" ? 2e-2 : tolerance;
      expectNear(parameter, gradients.get(parameter) as Float32Array, expected, room, 1e-2 * largest);
    }
    await program.trainStep(smallBatch(one), { lr: 0, step: 1 });
    const state = await program.save();
    for (const [statistic, expected] of Object.entries(one.statistics)) {
      expectNear(statistic, state.get(statistic) as Float32Array, expected, tolerance);
    }
    program.dispose();
  });
});

// PyTorch's float32 on x86-64; of a batch-norm whose input has a mean of 1000 deviations it loses three digits, as anyone must.
it("gradients behind a mean of 1000 deviations are no further from float64 than PyTorch's float32", async () => {
  const one = golden.cases.find(({ name }) => name.includes("1000 deviations")) as Golden["cases"][number];
  const program = await compile(one, SGD);
  const { gradients } = await program.gradients(smallBatch(one));
  program.dispose();
  const squares = Object.entries(one.gradients).flatMap(([parameter, expected]) =>
    expected.map((value, i) => (value - (gradients.get(parameter)?.[i] ?? NaN)) ** 2),
  );
  const error = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  expect(error).toBeLessThanOrEqual(one.float32Error);
});

describe("three steps", () => {
  const rows = golden.optimizers.map(
    (one) => [`${JSON.stringify(one.optimizer)}, norm clipped to ${one.clipNorm}`, one] as const,
  );
  it.each(rows)("%s", async (_name, one) => {
    const program = await compile(golden.optimizerCase, one.optimizer);
    const batch = smallBatch(golden.optimizerCase);
    let loss = NaN;
    for (let step = 1; step <= 3; step++) {
      ({ loss } = await program.trainStep(batch, { lr: one.lr, step, clipNorm: one.clipNorm ?? undefined }));
    }
    expect(Math.abs(loss - one.loss)).toBeLessThan(1e-3 * one.loss);
    const state = await program.save();
    for (const [name, expected] of Object.entries(one.weights))
      expectNear(name, state.get(name) as Float32Array, expected, 1e-3);
    program.dispose();
  });
});
