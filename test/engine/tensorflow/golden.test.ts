// The engine against torchvision and PyTorch in float64, and against the portable engine: logits, gradients, ten steps of SGD with their statistics, and every optimizer.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Engine, Optimizer } from "../../../core/engine/engine.ts";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { createTensorflowEngine } from "../../../core/engine/tensorflow/index.ts";
import * as golden from "../../model/golden-cases.ts";
import { compile, distance, norm, smallNetwork } from "./cases.ts";
import { isInstalled, skipReason, THREADS } from "./installed.ts";

vi.setConfig({ testTimeout: 300_000 }); // a busy machine is not a failure

const SGD = { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 } as const;

describe.skipIf(!isInstalled)(`the tensorflow engine against torchvision${skipReason}`, () => {
  let engine: Engine;
  let portable: Engine;
  beforeAll(async () => {
    engine = await createTensorflowEngine({ threads: THREADS });
    portable = await createPortableEngine({ threads: THREADS });
  });
  afterAll(async () => {
    await engine.close();
    await portable.close();
  });

  it.each(named(golden.logitsCases.filter(({ widthMult }) => widthMult === 1)))(
    "logits and loss of %s",
    async (_name, one) => {
      const batch = golden.caseBatch(one);
      const program = await compile(engine, golden.caseNetwork(one), { optimizer: SGD });
      expect(distance(await program.evaluate(batch.images), one.inference.flat())).toBeLessThan(1e-5);
      const { loss } = await program.gradients(batch);
      expect(Math.abs(loss - one.trainingLoss)).toBeLessThan(1e-3 * one.trainingLoss);
      program.dispose();
    },
  );

  // The cases' values stay clear of the activations' corners (test/golden/model-torch.py); PyTorch's own float32 is up to 1.2e-4 off.
  it.each(named(golden.gradientCases))(
    "every gradient of %s, within 1e-3 of its norm of torchvision's and of the portable engine's",
    async (_name, one) => {
      const [ours, portables] = [await gradientsOf(engine, one), await gradientsOf(portable, one)];
      expect(Math.abs(ours.loss - one.loss)).toBeLessThan(1e-5 * one.loss);
      expect(Math.abs(ours.loss - portables.loss)).toBeLessThan(1e-5 * one.loss);
      expect(new Set(ours.gradients.keys())).toEqual(new Set(golden.expectedGradients(one).keys()));
      expect(golden.wrongGradients(one, ours.gradients, 1e-3)).toEqual([]);
      expect(golden.partingGradients(portables.gradients, ours.gradients, 1e-3)).toEqual([]);
    },
  );

  it.each(named(golden.trainingCases))("ten steps of %s", async (_name, one) => {
    const program = await compile(engine, golden.caseNetwork(one), { optimizer: SGD });
    const batch = golden.caseBatch(one);
    const losses: number[] = [];
    for (let step = 1; step <= one.steps; step++)
      losses.push((await program.trainStep(batch, { lr: one.lr, step })).loss);
    expect(distance(losses, one.losses)).toBeLessThan(1e-3);
    const state = await program.save();
    for (const [name, [sum, expectedNorm]] of Object.entries(one.statistics)) {
      const values = state.get(name) as Float32Array;
      expect(Math.abs(norm(values) - expectedNorm), name).toBeLessThan(1e-3 * expectedNorm);
      const room = 1e-3 * expectedNorm * Math.sqrt(values.length);
      expect(Math.abs(values.reduce((a, b) => a + b, 0) - sum), name).toBeLessThan(room);
    }
    program.dispose();
  });

  it.each(optimizerCases())("three steps of %s are PyTorch's", async (_name, one) => {
    const network = smallNetwork({ dropout: 0 });
    const program = await compile(engine, network, { freeze: "backbone", optimizer: one.optimizer });
    const batch = golden.caseBatch({ ...optimizerGolden.case });
    const losses: number[] = [];
    for (let step = 1; step <= optimizerGolden.steps; step++) {
      const settings = { lr: optimizerGolden.lr, step, clipNorm: one.clipNorm ?? undefined };
      losses.push((await program.trainStep(batch, settings)).loss);
    }
    expect(distance(losses, one.losses)).toBeLessThan(1e-3);
    const state = await program.save();
    for (const [name, [expectedNorm, ...elements]] of Object.entries(one.state)) {
      const values = state.get(name) as Float32Array;
      const received = elements.map((_, j) => values[Math.floor(((values.length - 1) * j) / 3)] as number);
      expect(distance([norm(values), ...received], [expectedNorm, ...elements]), name).toBeLessThan(2e-4);
    }
    expect([...state.keys()].filter((name) => name.startsWith("optimizer.")).sort()).toEqual(
      Object.keys(one.state)
        .filter((name) => name.startsWith("optimizer."))
        .sort(),
    );
    program.dispose();
  });
});

async function gradientsOf(engine: Engine, one: golden.GradientCase) {
  const { freeze, frozenBatchNorm } = one;
  const program = await compile(engine, golden.caseNetwork(one), { freeze, frozenBatchNorm });
  await program.load(golden.caseState(one));
  const found = await program.gradients(golden.caseBatch(one));
  program.dispose();
  return found;
}

interface OptimizerCase {
  readonly optimizer: Optimizer;
  readonly clipNorm: number | null;
  readonly losses: readonly number[];
  /** Norm, then four elements. */
  readonly state: Readonly<Record<string, readonly [number, ...number[]]>>;
}

interface OptimizerGolden {
  readonly steps: number;
  readonly lr: number;
  readonly case: Parameters<typeof golden.caseBatch>[0];
  readonly cases: readonly OptimizerCase[];
}

const optimizerGolden = JSON.parse(readFileSync("test/golden/optimizer-steps.json", "utf8")) as OptimizerGolden;

function optimizerCases() {
  return optimizerGolden.cases.map((one) => [`${JSON.stringify(one.optimizer)}, clip ${one.clipNorm}`, one] as const);
}

function named<T extends Parameters<typeof golden.describeCase>[0]>(cases: readonly T[]) {
  return cases.map((one) => [golden.describeCase(one), one] as const);
}
