// Class weights against scikit-learn's formula and PyTorch's CrossEntropyLoss (test/golden/class-weights.py).
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Manifest, Split } from "../../core/data/sample.ts";
import { log } from "../../core/exact-math.ts";
import { weightsOfClasses } from "../../core/train/class-weights.ts";
import { softmax } from "../../core/train/cross-entropy.ts";
import { oneHotRows, stepTargets } from "../../core/train/step-inputs.ts";

interface Golden {
  readonly labels: number[];
  readonly balanced: number[];
  readonly logits: number[][];
  readonly losses: { readonly weights: number[]; readonly smoothing: number; readonly loss: number }[];
}

const golden = JSON.parse(readFileSync("test/golden/class-weights.json", "utf8")) as Golden;
const classes = ["benign", "malignant", "normal"];
const samples = golden.labels.map((label, i) => ({ id: String(i), label }));
const manifest = { name: "made up", classes, samples } as unknown as Manifest;
const split = { train: samples.map((_, i) => i), val: [], test: [] } as unknown as Split;

test("balanced weights are scikit-learn's, counted in the training part alone", () => {
  const asked = { classWeights: "balanced", labelSmoothing: 0 } as const;
  weightsOfClasses(asked, manifest, split)?.forEach((w, k) => expect(w).toBeCloseTo(golden.balanced[k] as number, 14));
  const onlyOne = { ...split, train: samples.flatMap(({ label }, i) => (label === 0 ? [i] : [])) };
  expect(weightsOfClasses(asked, manifest, onlyOne)?.slice(1)).toEqual([1, 1]);
});

test("weights by name stand in the order of the classes, 1 where none is given", () => {
  const asked = { classWeights: { malignant: 3 }, labelSmoothing: 0 };
  expect(weightsOfClasses(asked, manifest, split)).toEqual([1, 3, 1]);
  expect(weightsOfClasses({ ...asked, classWeights: null }, manifest, split)).toBeNull();
});

test("a name that is no class is an error that says which are", () => {
  const asked = { classWeights: { malignent: 3 }, labelSmoothing: 0 };
  expect(() => weightsOfClasses(asked, manifest, split)).toThrow(/"malignent" is no class of made up.*malignant/);
});

test("weights so far apart that a smoothed label would teach another class are an error", () => {
  const asked = { classWeights: { malignant: 40 }, labelSmoothing: 0.1 };
  expect(() => weightsOfClasses(asked, manifest, split)).toThrow(/too far apart for labelSmoothing 0.1/);
  expect(weightsOfClasses({ ...asked, classWeights: { malignant: 20 } }, manifest, split)).toEqual([1, 20, 1]);
});

test.each(golden.losses)("the loss is PyTorch's CrossEntropyLoss: $weights, smoothing $smoothing", (one) => {
  const { logits, labels } = golden;
  const options = { classes: 3, smoothing: one.smoothing, classWeights: one.weights };
  const { targets, sampleWeights = new Float32Array() } = stepTargets(oneHotRows(labels, 3), options);
  const terms = logits.map((row, b) => {
    const loss = -softmax(row).reduce((sum, p, k) => sum + (targets[b * 3 + k] as number) * log(p), 0);
    return loss * (sampleWeights[b] as number);
  });
  const ours = terms.reduce((a, b) => a + b) / sampleWeights.reduce((a, b) => a + b);
  expect(ours).toBeCloseTo(one.loss, 6); // targets are float32
});

test("a mixed row weighs what its shares weigh", () => {
  const options = { classes: 2, smoothing: 0, classWeights: [1, 3] };
  const { targets, sampleWeights } = stepTargets(Float32Array.of(0.5, 0.5), options);
  expect([...targets]).toEqual([0.25, 0.75]);
  expect([...(sampleWeights ?? [])]).toEqual([2]);
});
