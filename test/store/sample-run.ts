// Events of a small made-up run, enough to fill every table: 2 epochs of 3 batches, validation, test.
import { createHash } from "node:crypto";
import type { BatchEvent, RunEvent } from "../../core/train/recorder.ts";
import type { NewRun } from "../../core/store/runs.ts";
import type { Manifest, Split } from "../../core/data/sample.ts";

export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export function batchEvent(epoch: number, batch: number, phase: BatchEvent["phase"] = "train"): BatchEvent {
  return {
    kind: "batch",
    phase,
    epoch,
    batch,
    loss: 1 / (epoch + batch / 7),
    correct: batch % 5,
    n: 8,
    lr: phase === "train" ? 1e-3 : null,
    durationMs: 12.5,
    chain: digestOf(`${phase} ${epoch} ${batch}`),
    counts: phase === "test" ? { tp: 2, fp: 1, fn: 1, tn: 4 } : null,
  };
}

export const metrics = { loss: 0.5, accuracy: 0.75, precision: 0.8, recall: 0.6, f1: null, auc: 0.9 } as const;

/** From "running" to "done". */
export function sampleEvents(): RunEvent[] {
  const events: RunEvent[] = [{ kind: "status", status: "running", digest: null, error: null }];
  for (const epoch of [1, 2]) {
    for (const batch of [1, 2, 3]) events.push(batchEvent(epoch, batch));
    events.push(
      {
        kind: "epoch",
        phase: "train",
        epoch,
        metrics,
        lr: 1e-3,
        durationMs: 40,
        imagesPerSecond: 600,
        stateDigest: digestOf(`${epoch}`),
      },
      {
        kind: "epoch",
        phase: "val",
        epoch,
        metrics,
        lr: null,
        durationMs: 10,
        imagesPerSecond: 900,
        stateDigest: null,
      },
      { kind: "best", epoch, valLoss: 0.5 / epoch },
      { kind: "metric", name: "grad_norm", step: epoch * 3, epoch, value: epoch + 0.1 },
    );
  }
  events.push(
    batchEvent(1, 1, "test"),
    {
      kind: "epoch",
      phase: "test",
      epoch: 1,
      metrics,
      lr: null,
      durationMs: 9,
      imagesPerSecond: 900,
      stateDigest: null,
    },
    {
      kind: "confusion",
      phase: "test",
      epoch: 1,
      counts: [
        [4, 1],
        [1, 2],
      ],
    },
    {
      kind: "predictions",
      phase: "test",
      epoch: 1,
      sampleIds: ['a "quoted", {braced}\\name.png', "b.png"],
      labels: [0, 1],
      predicted: [0, 0],
      logits: [
        [Math.fround(0.1), NaN],
        [-0, 3e38],
      ],
      probabilities: [
        [0.1 + 0.2, 0.7],
        [1, 5e-324],
      ],
    },
    {
      kind: "artifact",
      artifactKind: "checkpoint",
      name: "best",
      mediaType: "application/octet-stream",
      path: "runs/x/best.safetensors",
      sha256: digestOf("w"),
      bytes: 12,
      epoch: 2,
    },
    { kind: "log", level: "warning", text: "NUL \0, half a pair \ud800, '; drop table runs; --" },
    { kind: "status", status: "done", digest: digestOf("run"), error: null },
  );
  return events;
}

export function newRun(changes: Partial<NewRun> = {}): Omit<NewRun, "runId"> {
  return {
    project: "default",
    experiment: "frozen-backbone",
    variant: "frozen",
    seed: 0,
    settingsHash: digestOf("settings"),
    classes: ["benign", "malignant"],
    positiveClass: "malignant",
    batchSize: 8,
    trainSamples: 24,
    ...changes,
  };
}

export const manifest: Manifest = {
  digest: digestOf("manifest"),
  name: "phantom",
  simulated: true,
  classes: ["benign", "malignant"],
  samples: ["a", "b", "c", 'ü,"{}\\'].map((id, index) => ({
    id,
    sha256: digestOf(id),
    label: index % 2,
    group: index === 0 ? null : "patient 1",
    widthPx: 96,
    heightPx: 64,
    officialPart: index === 3 ? ("test" as const) : null,
  })),
  skipped: [{ id: "broken.png", reason: "truncated" }],
};

export const split: Split = {
  digest: digestOf("split"),
  datasetDigest: manifest.digest,
  train: [0, 1],
  val: [2],
  test: [3],
};
