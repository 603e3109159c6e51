import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Schedule } from "../../core/experiment/settings.ts";
import { resolveSettings } from "../../core/experiment/resolve.ts";
import { log } from "../../core/exact-math.ts";
import { softmax } from "../../core/train/cross-entropy.ts";
import { learningRate } from "../../core/train/learning-rate.ts";
import { stageOf } from "../../core/train/stages.ts";
import { dropoutMask, oneHotRows, stepTargets } from "../../core/train/step-inputs.ts";
import { smallNetwork } from "./small-network.ts";

interface Golden {
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  readonly lr: number;
  readonly cases: { readonly schedule: Schedule; readonly rates: number[] }[];
  readonly plateaus: { readonly schedule: Schedule; readonly losses: number[]; readonly rates: number[] }[];
  readonly smoothed: {
    readonly logits: number[][];
    readonly labels: number[];
    readonly smoothing: number;
    readonly loss: number;
  };
}

const url = new URL("../golden/train-schedules.json", import.meta.url);
const golden = JSON.parse(readFileSync(url, "utf8")) as Golden;
const network = smallNetwork();

test.each(golden.cases)("learning rates equal PyTorch's: $schedule", ({ schedule, rates }) => {
  const { epochs, batchesPerEpoch, lr } = golden;
  rates.forEach((rate, i) => {
    const position = { epoch: Math.floor(i / batchesPerEpoch) + 1, batch: (i % batchesPerEpoch) + 1 };
    expect(learningRate(schedule, lr, { ...position, epochs, batchesPerEpoch, losses: [] })).toBeCloseTo(rate, 14);
  });
});

test.each(golden.plateaus)("learning rates after each validation equal PyTorch's: $schedule", (one) => {
  const { batchesPerEpoch, lr } = golden;
  const epochs = one.rates.length;
  one.rates.forEach((rate, i) => {
    const losses = one.losses.slice(0, i);
    const last = { epoch: i + 1, batch: batchesPerEpoch, epochs, batchesPerEpoch, losses };
    expect(learningRate(one.schedule, lr, last)).toBeCloseTo(rate, 14);
    expect(learningRate(one.schedule, lr, { ...last, batch: 1 })).toBeCloseTo(rate, 14);
  });
});

test("smoothed targets give PyTorch's smoothed loss", () => {
  const { logits, labels, smoothing, loss } = golden.smoothed;
  const { targets } = stepTargets(oneHotRows(labels, 3), { classes: 3, smoothing, classWeights: null });
  const ours = logits.map((row, b) => -softmax(row).reduce((sum, p, k) => sum + (targets[b * 3 + k] ?? 0) * log(p), 0));
  expect(ours.reduce((a, b) => a + b, 0) / labels.length).toBeCloseTo(loss, 6); // targets are float32
});

test("a freeze schedule's stages have their own parts and rates, and the last lasts to the end", () => {
  const freeze = [
    { epochs: 2, part: "backbone" as const },
    { epochs: 1, part: "backbone" as const, lr: 5e-4 },
    { epochs: 1, part: "none" as const, lr: 1e-4 },
  ];
  const settings = resolveSettings({ lr: 1e-3, epochs: 9, freeze });
  const stages = [1, 2, 3, 4, 9].map((epoch) => stageOf(settings, network, epoch));
  expect(stages.map(({ lr }) => lr)).toEqual([1e-3, 1e-3, 5e-4, 1e-4, 1e-4]);
  expect(stages.map(({ freshOptimizer }) => freshOptimizer)).toEqual([true, false, false, true, false]);
  expect([...(stages[0]?.trainable ?? [])].every((name) => name.startsWith("classifier"))).toBe(true);
  expect(stages[3]?.trainable.has("features.0.0.weight")).toBe(true);
});

test("the same seed and position give the same dropout mask", () => {
  const position = { seed: 1, epoch: 2, batch: 3, images: 8 };
  expect(dropoutMask(network, position)).toEqual(dropoutMask(network, position));
});

test("another seed, epoch or batch gives another dropout mask", () => {
  const position = { seed: 1, epoch: 2, batch: 3, images: 8 };
  const mask = dropoutMask(network, position);
  for (const other of [{ seed: 2 }, { epoch: 3 }, { batch: 4 }])
    expect(dropoutMask(network, { ...position, ...other })).not.toEqual(mask);
});

test.each([0.2, 0.5, 0.001, 0.999])("a dropout mask of rate %f drops that share and scales what it keeps", (rate) => {
  const wide = smallNetwork({ dropout: rate });
  const masks = [1, 2, 3, 4].map((batch) => dropoutMask(wide, { seed: 1, epoch: 1, batch, images: 256 }) ?? []);
  const values = masks.flatMap((mask) => [...mask]);
  expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
  const dropped = values.filter((value) => value === 0).length / values.length;
  const deviation = Math.sqrt((rate * (1 - rate)) / values.length);
  expect(Math.abs(dropped - rate)).toBeLessThan(4 * deviation);
});
