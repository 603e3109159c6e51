// Twenty steps of every optimizer, schedule and loss option against PyTorch (test/golden/recipe-steps.py), on each engine: with the
// trainer's own learning rates and targets, on the classifier of a small MobileNetV3.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Engine, Program } from "../../core/engine/engine.ts";
import { createPortableEngine } from "../../core/engine/portable/index.ts";
import { createTensorflowEngine } from "../../core/engine/tensorflow/index.ts";
import type { Settings } from "../../core/experiment/settings.ts";
import { trainableParameters } from "../../core/model/freeze.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import { learningRate } from "../../core/train/learning-rate.ts";
import { oneHotRows, stepTargets } from "../../core/train/step-inputs.ts";
import { distance, norm } from "../engine/tensorflow/cases.ts";
import { isInstalled, skipReason, THREADS } from "../engine/tensorflow/installed.ts";
import { formulaImages, formulaState } from "../model/formula-state.ts";

type Recipe = Pick<
  Settings,
  "optimizer" | "lr" | "schedule" | "labelSmoothing" | "clipNorm" | "emaDecay" | "frozenBatchNorm"
> & {
  readonly classWeights: readonly number[] | null;
};

interface Golden {
  readonly size: "small";
  readonly widthMult: number;
  readonly imageSizePx: number;
  readonly batch: number;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  /** After each epoch. */
  readonly valLosses: readonly number[];
  readonly cases: readonly {
    readonly name: string;
    readonly recipe: Recipe;
    readonly losses: readonly number[];
    /** Norm, then elements floor((n - 1) j / 3) for j = 0 to 3. */
    readonly state: Readonly<Record<string, readonly [number, ...number[]]>>;
  }[];
}

const golden = JSON.parse(readFileSync("test/golden/recipe-steps.json", "utf8")) as Golden;
const { size, widthMult, imageSizePx } = golden;
const classes = 3;
const batchNorm = { eps: 1e-3, momentum: 0.1 };
const network = mobilenetV3({ size, widthMult, imageSizePx, classes, batchNorm, layout: "torchvision", dropout: 0 });

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ENGINES = [
  { name: "portable", open: () => createPortableEngine({ threads: 2 }), skip: false },
  { name: `tensorflow${skipReason}`, open: () => createTensorflowEngine({ threads: THREADS }), skip: !isInstalled },
];

for (const { name, open, skip } of ENGINES) {
  describe.skipIf(skip)(`20 steps on ${name} are PyTorch's`, () => {
    let engine: Engine;
    beforeAll(async () => void (engine = await open()));
    afterAll(() => engine.close());

    test.each(golden.cases)("$name", async ({ recipe, losses, state }) => {
      const program = await compile(engine, recipe);
      expect(distance(await trainSteps(program, recipe), losses)).toBeLessThan(1e-4);
      const saved = await program.save();
      program.dispose();
      for (const [key, expected] of Object.entries(state)) {
        const values = saved.get(key) as Float32Array;
        const elements = [0, 1, 2, 3].map((j) => values[Math.floor(((values.length - 1) * j) / 3)] as number);
        expect(distance([norm(values), ...elements], expected), key).toBeLessThan(5e-4);
      }
      const kept = (names: Iterable<string>) => [...names].filter((key) => key.startsWith("optimizer.")).sort();
      expect(kept(saved.keys())).toEqual(kept(Object.keys(state)));
    });
  });
}

async function compile(engine: Engine, { optimizer, emaDecay, frozenBatchNorm }: Recipe): Promise<Program> {
  const program = await engine.compile(network, {
    ...{ optimizer, frozenBatchNorm, emaDecay: emaDecay ?? undefined, batchSize: golden.batch },
    trainable: trainableParameters(network, "backbone"),
    purpose: "training",
  });
  await program.load(formulaState(network));
  return program;
}

/** @returns the loss before each step */
async function trainSteps(program: Program, recipe: Recipe): Promise<number[]> {
  const { batch: count, epochs, batchesPerEpoch, valLosses } = golden;
  const labels = Array.from({ length: count }, (_, b) => b % classes);
  const { labelSmoothing: smoothing, classWeights, schedule, clipNorm } = recipe;
  const targets = stepTargets(oneHotRows(labels, classes), { classes, smoothing, classWeights });
  const batch = { images: formulaImages(count, imageSizePx), ...targets };
  const losses: number[] = [];
  for (let i = 0; i < epochs * batchesPerEpoch; i++) {
    const epoch = Math.floor(i / batchesPerEpoch) + 1;
    const position = { epoch, batch: (i % batchesPerEpoch) + 1, epochs, batchesPerEpoch };
    const lr = learningRate(schedule, recipe.lr, { ...position, losses: valLosses.slice(0, epoch - 1) });
    const { loss } = await program.trainStep(batch, { lr, step: i + 1, clipNorm: clipNorm ?? undefined });
    losses.push(loss);
  }
  return losses;
}
