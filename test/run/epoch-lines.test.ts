import { expect, it } from "vitest";
import { withEpochLines } from "../../core/run/epoch-lines.ts";
import type { EpochEvent } from "../../core/train/recorder.ts";
import { listener } from "../train/phantom-training.ts";

function linesOf(epochs: number, planned: number): string[] {
  const lines: string[] = [];
  const recorder = withEpochLines(listener(), planned, (text) => lines.push(text));
  const metrics = { loss: 0.5, accuracy: 0.75, precision: null, recall: 0, f1: 0, auc: 1 };
  const event = { kind: "epoch", metrics, lr: 0.1, durationMs: 1, imagesPerSecond: 10, stateDigest: null } as const;
  const record = (phase: EpochEvent["phase"], epoch: number) => recorder.record({ ...event, phase, epoch });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    record("train", epoch);
    record("val", epoch);
  }
  record("test", 1);
  return lines;
}

it("each epoch has a line, and the test one that says what is undefined", () => {
  expect(linesOf(2, 2)).toEqual([
    "epoch 1/2: train loss 0.5000, accuracy 0.750, 10 images/s | val loss 0.5000, accuracy 0.750",
    "epoch 2/2: train loss 0.5000, accuracy 0.750, 10 images/s | val loss 0.5000, accuracy 0.750",
    "test of the best epoch: loss 0.5000, accuracy 0.750, precision undefined, recall 0.000, F1 0.000, AUC 1.000",
  ]);
});

it("a training that ended early says so before its test", () => {
  expect(linesOf(2, 5).at(-2)).toBe("stopped early after epoch 2 of 5");
});
