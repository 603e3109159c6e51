// Rows for the worked questions of docs/sql.md: two variants, three seeds, four epochs, twelve test samples, all by formula.
import type { Store } from "../../core/store/connect.ts";
import { applyEvents } from "../../core/store/events/apply-events.ts";
import { createRun, saveRunData } from "../../core/store/index.ts";
import type { RunEvent } from "../../core/train/recorder.ts";
import { digestOf } from "./sample-run.ts";

const CLASSES = ["benign", "malignant"];
const EPOCHS = 4;
const SAMPLES = 12;
const HARD = 6; // a malignant sample that every run takes for benign
const START = Date.UTC(2026, 0, 1) * 1000; // microseconds

const variants = [
  { variant: "frozen", skill: 1.1, lr: 1e-3, freeze: "backbone" },
  { variant: "unfrozen", skill: 1.6, lr: 1e-4, freeze: "none" },
] as const;

export async function insertQuestionRows(store: Store): Promise<void> {
  const digest = digestOf("questions");
  const ids = Array.from({ length: SAMPLES }, (_, i) => ({
    id: `${CLASSES[labelOf(i)]}/${100 + i}.png`,
    label: labelOf(i),
  }));
  const samples = ids.map(({ id, label }) => ({
    id,
    label,
    sha256: digestOf(id),
    group: null,
    widthPx: 96,
    heightPx: 96,
    officialPart: null,
  }));
  const manifest = { digest, name: "phantom", simulated: true, classes: CLASSES, samples, skipped: [] };
  const split = { digest: digestOf("s"), datasetDigest: digest, train: [], val: [], test: samples.map((_, i) => i) };
  const source = { kind: "phantom" };
  await saveRunData(store, { manifest, source, inspection: null, split, splitSettings: null });
  for (const [v, { variant, skill, lr, freeze }] of variants.entries()) {
    for (const seed of [0, 1, 2]) {
      const runId = `${v}${seed}00000${v}-0000-4000-8000-00000000000${seed}`;
      await createRun(store, {
        runId,
        project: "default",
        experiment: "frozen-backbone",
        variant,
        seed,
        settingsHash: digestOf(variant),
        datasetDigest: digest,
        splitDigest: digestOf("s"),
        classes: CLASSES,
        positiveClass: "malignant",
        simulated: true,
        config: { lr, freeze, batchSize: 8, epochs: EPOCHS },
        lr,
        freeze,
        batchSize: 8,
        epochs: EPOCHS,
        trainSamples: 24,
        testSamples: SAMPLES,
      });
      const failed = variant === "unfrozen" && seed === 2;
      const events = failed ? failedRun() : finishedRun(skill, seed, digestOf(`${variant} ${seed}`));
      const numbered = events.map((event, index) => ({ seq: START + index * 1_000_000, event }));
      await applyEvents(store.sql, runId, numbered);
    }
  }
}

const labelOf = (sample: number): number => (sample % 3 === 0 ? 1 : 0);

function failedRun(): RunEvent[] {
  return [
    { kind: "status", status: "running", digest: null, error: null },
    { kind: "status", status: "failed", digest: null, error: { code: "storage", message: "no space left on device" } },
  ];
}

function finishedRun(skill: number, seed: number, digest: string): RunEvent[] {
  const events: RunEvent[] = [{ kind: "status", status: "running", digest: null, error: null }];
  for (let epoch = 1; epoch <= EPOCHS; epoch++) events.push(...epochEvents(skill, seed, epoch));
  events.push(...testEvents(skill, seed), { kind: "status", status: "done", digest, error: null });
  return events;
}

function epochEvents(skill: number, seed: number, epoch: number): RunEvent[] {
  const events: RunEvent[] = [1, 2, 3].map((batch) => ({
    kind: "batch",
    phase: "train",
    epoch,
    batch,
    loss: 0.75 / epoch + (epoch === 3 && batch === 2 ? 1 : batch / 16),
    correct: 4 + epoch,
    n: 8,
    lr: 1e-3,
    durationMs: 40 * skill,
    chain: digestOf(`${skill} ${seed} ${epoch} ${batch}`),
    counts: null,
  }));
  const valLoss = 0.5 + (epoch - 2 - (seed % 2)) ** 2 / 16;
  const none = { precision: null, recall: null, f1: null, auc: null };
  events.push(
    {
      kind: "epoch",
      phase: "train",
      epoch,
      metrics: { loss: 0.75 / epoch, accuracy: (4 + epoch) / 8, ...none },
      lr: 1e-3,
      durationMs: 120 * skill,
      imagesPerSecond: 200 / skill,
      stateDigest: digestOf(`${skill} ${seed} ${epoch}`),
    },
    {
      kind: "epoch",
      phase: "val",
      epoch,
      metrics: { loss: valLoss, accuracy: 0.75, ...none },
      lr: null,
      durationMs: 20,
      imagesPerSecond: 600,
      stateDigest: null,
    },
    { kind: "metric", name: "grad_norm", step: epoch * 3, epoch, value: 2 / epoch },
  );
  if (epoch <= 2 + (seed % 2)) events.push({ kind: "best", epoch, valLoss });
  return events;
}

function testEvents(skill: number, seed: number): RunEvent[] {
  const labels = Array.from({ length: SAMPLES }, (_, i) => labelOf(i));
  const logits = labels.map((label, i) => [
    0,
    Math.fround(i === HARD ? -0.8 : (label === 1 ? skill : -skill) + (((i * 7 + seed * 3) % 11) - 5) / 3),
  ]);
  const predicted = logits.map(([a, b]) => (b! > a! ? 1 : 0));
  const probabilities = logits.map(([, b]) =>
    [1 / (1 + Math.exp(b!)), 1 / (1 + Math.exp(-b!))].map((p) => Math.round(p * 1e6) / 1e6),
  );
  const count = (t: number, p: number) => labels.filter((label, i) => label === t && predicted[i] === p).length;
  const counts = [
    [count(0, 0), count(0, 1)],
    [count(1, 0), count(1, 1)],
  ];
  const [[tn, fp], [fn, tp]] = counts as [[number, number], [number, number]];
  const [precision, recall] = [tp / (tp + fp), tp / (tp + fn)];
  const metrics = {
    loss: 0.5,
    accuracy: (tp + tn) / SAMPLES,
    precision,
    recall,
    f1: (2 * tp) / (2 * tp + fp + fn),
    auc: null,
  };
  return [
    {
      kind: "epoch",
      phase: "test",
      epoch: 1,
      metrics,
      lr: null,
      durationMs: 20,
      imagesPerSecond: 600,
      stateDigest: null,
    },
    { kind: "confusion", phase: "test", epoch: 1, counts },
    {
      kind: "predictions",
      phase: "test",
      epoch: 1,
      sampleIds: labels.map((label, i) => `${CLASSES[label]}/${100 + i}.png`),
      labels,
      predicted,
      logits: logits,
      probabilities,
    },
  ];
}
