import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { confusionMatrix } from "../../core/train/confusion.ts";
import { argmax, crossEntropy, softmax } from "../../core/train/cross-entropy.ts";
import { classMetrics, epochMetrics, type ClassMetrics } from "../../core/train/metrics.ts";

interface Golden extends ClassMetrics {
  readonly name: string;
  readonly labels: number[];
  readonly logits: number[][];
  readonly loss: number;
  readonly probabilities: number[][];
  readonly confusion: number[][];
  readonly accuracy: number;
}

const url = new URL("../golden/metrics-scikit.json", import.meta.url);
const goldens = JSON.parse(readFileSync(url, "utf8")) as Golden[];

test.each(goldens)("metrics equal scikit-learn's: $name", (golden) => {
  const { labels, logits } = golden;
  const classes = golden.confusion.length;
  const predicted = logits.map(argmax);
  const measured = { labels, predicted, probabilities: logits.map(softmax) };
  expect(confusionMatrix(labels, predicted, classes)).toEqual(golden.confusion);
  const positive = classes - 1;
  const ours = {
    ...classMetrics(measured, classes),
    probabilities: measured.probabilities,
    accuracy: epochMetrics(measured, classes, positive, 0).accuracy,
    loss: logits.reduce((sum, row, i) => sum + crossEntropy(row, labels[i] as number), 0) / labels.length,
  };
  expectClose({ ...golden, ...ours }, golden, "");
  const { precision, recall, f1, auc } = epochMetrics(measured, classes, positive, 0);
  expectClose(
    { precision, recall, f1, auc },
    pick(golden.perClass[positive] as unknown as Record<string, unknown>),
    "",
  );
});

test("an undefined metric is null, never 0 or NaN", () => {
  const measured = { labels: [0, 0], predicted: [0, 0], probabilities: [softmax([1, 0]), softmax([2, 0])] };
  expect(epochMetrics(measured, 2, 1, 0.5)).toEqual({
    loss: 0.5,
    accuracy: 1,
    precision: null,
    recall: null,
    f1: null,
    auc: null,
  });
  const all = classMetrics(measured, 2);
  expect([all.matthewsCorrelation, all.cohensKappa, all.perClass[1]?.averagePrecision]).toEqual([null, null, null]);
});

function pick({ precision, recall, f1, auc }: Record<string, unknown>): Record<string, unknown> {
  return { precision, recall, f1, auc };
}

/** Numbers within 1e-12 of each other, null where the other is null, down through arrays and objects. */
function expectClose(ours: unknown, golden: unknown, path: string): void {
  if (typeof golden === "number" && typeof ours === "number")
    expect(Math.abs(ours - golden), `${path}: ${ours} against ${golden}`).toBeLessThan(
      1e-12 * Math.max(1, Math.abs(golden)),
    );
  else if (golden !== null && typeof golden === "object")
    for (const [key, value] of Object.entries(golden))
      expectClose((ours as Record<string, unknown>)[key], value, `${path}.${key}`);
  else expect(ours, path).toEqual(golden);
}
