// Whole networks against torchvision in float64: logits, losses, gradients, and ten steps of SGD with their statistics.
import { afterAll, describe, expect, it, vi } from "vitest";
import type { CompileOptions } from "../../../core/engine/engine.ts";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { trainableParameters } from "../../../core/model/freeze.ts";
import * as golden from "../../model/golden-cases.ts";
import { formulaState } from "../../model/formula-state.ts";
import { trainingLogits } from "../training-logits.ts";

vi.setConfig({ testTimeout: 120_000 }); // a busy machine is not a failure

const engine = await createPortableEngine({ threads: 2 });
afterAll(() => engine.close());

const SGD = { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 } as const;

function options(given: { batch: number }, change: Partial<CompileOptions> = {}): CompileOptions {
  const base = { batchSize: given.batch, trainable: new Set<string>(), frozenBatchNorm: "inference" } as const;
  return { ...base, optimizer: SGD, purpose: "training", ...change };
}

describe("logits are torchvision's within 1e-4, in inference and in training mode", () => {
  it.each(golden.logitsCases.map((one) => [golden.describeCase(one), one] as const))("%s", async (_name, one) => {
    const network = golden.caseNetwork(one);
    const batch = golden.caseBatch(one);
    const program = await engine.compile(network, options(one, { trainable: trainableParameters(network, "none") }));
    await program.load(formulaState(network));
    expectWithin(await program.evaluate(batch.images), one.inference.flat(), 1e-4);
    program.dispose();
    expectWithin(await trainingLogits(engine, one), one.training.flat(), 1e-4);
  });
});

// The cases' values stay clear of the activations' corners (test/golden/model-torch.py); PyTorch's own float32 is up to 1.2e-4 off.
describe("every gradient is torchvision's within 1e-3 of its norm, and so is the loss", () => {
  it.each(golden.gradientCases.map((one) => [golden.describeCase(one), one] as const))("%s", async (_name, one) => {
    const network = golden.caseNetwork(one);
    const trainable = trainableParameters(network, one.freeze);
    const program = await engine.compile(network, options(one, { trainable, frozenBatchNorm: one.frozenBatchNorm }));
    await program.load(golden.caseState(one));
    const before = await program.save();
    const { loss, gradients } = await program.gradients(golden.caseBatch(one));
    expect(Math.abs(loss - one.loss)).toBeLessThan(1e-5 * one.loss);
    expect(new Set(gradients.keys())).toEqual(trainable);
    expect(golden.wrongGradients(one, gradients, 1e-3)).toEqual([]);
    expect(sameBits(before, await program.save())).toBe(true);
    program.dispose();
  });
});

describe("ten steps of SGD give torchvision's losses and statistics", () => {
  it.each(golden.trainingCases.map((one) => [golden.describeCase(one), one] as const))("%s", async (_name, one) => {
    const network = golden.caseNetwork(one);
    const program = await engine.compile(network, options(one, { trainable: trainableParameters(network, "none") }));
    await program.load(formulaState(network));
    const batch = golden.caseBatch(one);
    const losses: number[] = [];
    for (let step = 1; step <= one.steps; step++)
      losses.push((await program.trainStep(batch, { lr: one.lr, step })).loss);
    expectClose(losses, one.losses, 2e-3);
    const state = await program.save();
    for (const [name, [sum, norm]] of Object.entries(one.statistics)) {
      const values = state.get(name) as Float32Array;
      expect(Math.abs(normOf(values) - norm), name).toBeLessThan(1e-3 * norm);
      expect(Math.abs(values.reduce((a, b) => a + b, 0) - sum), name).toBeLessThan(
        1e-3 * norm * Math.sqrt(values.length),
      );
    }
    program.dispose();
  });
});

function normOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function expectWithin(actual: ArrayLike<number>, expected: readonly number[], distance: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(Math.abs((actual[i] as number) - value)).toBeLessThan(distance));
}

/** Within a share of the largest expected number. */
function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  const largest = Math.max(...expected.map(Math.abs));
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(Math.abs((actual[i] as number) - value)).toBeLessThan(tolerance * largest));
}

function sameBits(a: Map<string, Float32Array>, b: Map<string, Float32Array>): boolean {
  return [...a].every(([name, values]) =>
    Buffer.from(values.buffer).equals(Buffer.from((b.get(name) as Float32Array).buffer)),
  );
}
