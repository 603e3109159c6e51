// Rows like those of real training, made for the dashboard's tests: two experiments on drawn images, with finished, failed,
// running and missing runs. Metrics are computed from the predictions, so that pages can be checked against each other.
import { createHash } from "node:crypto";
import type { Sql } from "postgres";
import { stream } from "../../core/random.ts";
import { insertLogged } from "./sample-logged.ts";
import { sampleArtifacts } from "./sample-pictures.ts";
import { makeOutcome, type Outcome } from "./sample-outcome.ts";

export interface SampleOptions {
  /** Where pictures are written. */
  readonly home: string;
  readonly samples?: number;
  readonly epochs?: number;
}

export interface SampleRun {
  readonly runId: string;
  readonly experiment: string;
  readonly variant: string;
  readonly seed: number;
  readonly status: string;
}

interface Planned extends SampleRun {
  readonly skill: number;
  readonly lr: number;
  readonly freeze: string;
  readonly init: string;
  readonly widthMult: number;
}

/** Digest of the data set that the sample runs saw. */
export const SAMPLE_DATASET = createHash("sha256").update("phantom").digest("hex");
const CLASSES = ["benign", "malignant"];
const POSITIVE = 1;
const BATCH = 16;

/** Fills an empty database. @returns the runs, in order of experiment, variant, seed */
export async function insertSampleRows(
  sql: Sql,
  { home, samples = 160, epochs = 6 }: SampleOptions,
): Promise<SampleRun[]> {
  const dataset = SAMPLE_DATASET;
  const split = hex("split");
  const parts = Array.from({ length: samples }, (_, i) => (i % 4 < 2 ? "train" : i % 4 === 2 ? "val" : "test"));
  const labels = Array.from({ length: samples }, (_, i) => (Math.floor(i / 4) % 3 === 0 ? 1 : 0));
  const ids = labels.map((label, i) => `${CLASSES[label]}/${String(i).padStart(4, "0")}.png`);
  await insertDataset(sql, { dataset, split, ids, labels, parts });
  const runs = plannedRuns();
  await sql`insert into projects (project) values ('default')`;
  await sql`insert into experiments ${sql(
    [...new Set(runs.map((run) => run.experiment))].map((experiment) => ({
      project: "default",
      experiment,
      question: "Question: does freezing the backbone cost recall?",
      file: `experiments/${experiment}.ts`,
    })),
  )}`;
  for (const run of runs) {
    const outcome = makeOutcome({
      ...run,
      labels,
      parts,
      epochs: run.status === "running" ? 2 : epochs,
      positive: POSITIVE,
    });
    await insertRun(sql, run, outcome, { dataset, split, epochs, parts });
    if (run.status === "done" || run.status === "running") await insertCurves(sql, run.runId, outcome, BATCH);
    if (run.status === "done") await insertOutcomes(sql, run.runId, outcome, ids);
    await sql`insert into run_events ${sql(logLines(run))}`;
  }
  await insertLogged(sql, (runs[0] as Planned).runId, epochs);
  await sampleArtifacts(sql, { home, dataset, ids, labels, parts, runs: runs.map(({ runId }) => runId) });
  return runs;
}

function plannedRuns(): Planned[] {
  const base = { lr: 1e-3, freeze: "none", init: "run:pretrain-backbone/base/0", widthMult: 1 };
  const variants = [
    { experiment: "frozen-backbone", variant: "frozen", ...base, skill: 0.9, freeze: "backbone" },
    { experiment: "frozen-backbone", variant: "blocks", ...base, skill: 1.2, freeze: "blocks" },
    { experiment: "frozen-backbone", variant: "unfrozen", ...base, skill: 2.1 },
    { experiment: "frozen-backbone", variant: "slim", ...base, skill: 1.5, init: "random", widthMult: 0.5 },
    ...[1e-4, 3e-4, 1e-3, 3e-3].map((lr) => ({
      ...base,
      experiment: "learning-rate",
      variant: `lr=${lr}`,
      lr,
      skill: 2 - Math.abs(Math.log10(lr / 1e-3)) * 1.2,
    })),
  ];
  return variants.flatMap((variant) =>
    [0, 1, 2]
      .filter((seed) => !(variant.variant === "blocks" && seed === 2)) // a missing seed
      .map((seed) => ({
        ...variant,
        seed,
        runId: uuid(variant.experiment, variant.variant, seed),
        status: statusOf(variant.variant, seed),
      })),
  );
}

function statusOf(variant: string, seed: number): string {
  if (variant === "slim" && seed === 2) return "failed";
  return variant === "lr=0.003" && seed === 2 ? "running" : "done";
}

interface DatasetRows {
  readonly dataset: string;
  readonly split: string;
  readonly ids: readonly string[];
  readonly labels: readonly number[];
  readonly parts: readonly string[];
}

async function insertDataset(sql: Sql, { dataset, split, ids, labels, parts }: DatasetRows): Promise<void> {
  await sql`insert into datasets (dataset_digest, name, source, classes, samples, simulated, skipped)
    values (${dataset}, 'phantom', ${sql.json({ kind: "phantom", samples: ids.length })}, ${CLASSES}, ${ids.length}, true,
      ${sql.json([{ id: "malignant/broken.png", reason: "truncated" }])})`;
  await sql`insert into samples ${sql(
    ids.map((id, position) => ({
      dataset_digest: dataset,
      sample_id: id,
      position,
      sha256: hex(position === 7 ? (ids[2] as string) : id), // one duplicate that crosses the split
      label: labels[position] as number,
      group_id: position % 5 === 0 ? `patient-${Math.floor(position / 10)}` : null,
      width_px: 96,
      height_px: position % 3 === 0 ? 80 : 96,
      official_part: null,
    })),
  )}`;
  await sql`insert into splits (split_digest, dataset_digest, settings)
    values (${split}, ${dataset}, ${sql.json({ train: 0.5, val: 0.25, test: 0.25, seed: 0 })})`;
  await sql`insert into split_members ${sql(ids.map((id, i) => ({ split_digest: split, sample_id: id, part: parts[i] as string })))}`;
}

interface RunContext {
  readonly dataset: string;
  readonly split: string;
  readonly epochs: number;
  readonly parts: readonly string[];
}

async function insertRun(sql: Sql, run: Planned, outcome: Outcome, context: RunContext): Promise<void> {
  const { runId, experiment, variant, seed, status, lr, freeze, init, widthMult } = run;
  const started = new Date(Date.UTC(2025, 2, 1, 9 + seed, variant.length));
  const done = status === "done";
  const { test } = outcome;
  const count = (part: string) => context.parts.filter((one) => one === part).length;
  const config = {
    lr, widthMult, freeze: [{ part: freeze }], batchSize: BATCH, epochs: context.epochs, dropout: 0.2,
    optimizer: { kind: "adam", weightDecay: 0 }, schedule: { kind: "constant" },
  }; // prettier-ignore
  await sql`insert into runs ${sql({
    run_id: runId,
    project: "default",
    experiment,
    variant,
    seed,
    settings_hash: hex(`${experiment}/${variant}`),
    dataset_digest: context.dataset,
    split_digest: context.split,
    classes: CLASSES,
    positive_class: "malignant",
    simulated: true,
    init: init === "random" ? init : "file:pretrained.safetensors",
    status,
    created_at: started,
    started_at: status === "running" ? new Date(Date.now() - 30_000) : started,
    ended_at: status === "running" ? null : new Date(started.getTime() + 95_000),
    heartbeat_at: status === "running" ? new Date() : null,
    error_code: status === "failed" ? "memory" : null,
    error_message: status === "failed" ? "the plan needs 9.1 GB, 8.0 GB are free" : null,
    tags: variant === "unfrozen" ? ["baseline"] : [],
    note: null,
    engine: "portable",
    engine_version: "0.1.0",
    device: "cpu",
    kernels: seed === 1 ? "native" : "wasm",
    threads: 2,
    config: sql.json(config),
    size: "large",
    layout: "torchvision",
    width_mult: widthMult,
    image_size_px: 96,
    batch_size: BATCH,
    epochs: context.epochs,
    optimizer: "adam",
    lr,
    freeze,
    parameters_total: 4_203_000,
    parameters_trainable: freeze === "backbone" ? 1_200_000 : 4_203_000,
    train_samples: count("train"),
    val_samples: count("val"),
    test_samples: count("test"),
    digest: done ? hex(runId) : null,
    best_epoch: done ? outcome.bestEpoch : null,
    val_loss: done ? (outcome.val[outcome.bestEpoch - 1]?.loss ?? null) : null,
    test_loss: done ? test.loss : null,
    test_accuracy: done ? test.accuracy : null,
    test_precision: done ? test.precision : null,
    test_recall: done ? test.recall : null,
    test_f1: done ? test.f1 : null,
    test_auc: done ? test.auc : null,
    code_digest: hex("code"),
    git_commit: "4f2c9ab0c1d2e3f4a5b6c7d8e9f00112233445566".slice(0, 40),
    git_branch: "main",
    git_diff:
      variant === "unfrozen" ? "--- a/experiments/x.ts\n+++ b/experiments/x.ts\n-  lr: 1e-3,\n+  lr: 1e-4,\n" : "",
    lockfile_digest: hex("lock"),
    node_version: "20.19.0",
    package_version: "0.1.0",
    os: "linux x64",
    cpu: "AMD EPYC",
    host: "sample",
    command_line: `exp run experiments/${experiment}.ts`,
    experiment_text: `export default defineExperiment({ name: "${experiment}" });\n`,
    provenance: sql.json({ versions: { node: "20.19.0" } }),
  })}`;
}

async function insertCurves(sql: Sql, runId: string, outcome: Outcome, batchSize: number): Promise<void> {
  await sql`insert into batches ${sql(
    outcome.batches.map((row) => ({
      run_id: runId,
      n: batchSize,
      chain: createHash("sha256").update(`${row.epoch}/${row.batch}`).digest(),
      ...row,
    })),
  )}`;
  const epochRows = (phase: string, metrics: Outcome["val"]) =>
    metrics.map((row, i) => ({
      run_id: runId,
      phase,
      epoch: i + 1,
      lr: phase === "train" ? 1e-3 : null,
      duration_ms: 8000,
      images_per_second: 180,
      state_digest: phase === "train" ? hex(`${runId}${i}`) : null,
      ...row,
    }));
  await sql`insert into epochs ${sql([...epochRows("train", outcome.train), ...epochRows("val", outcome.val)])}`;
}

async function insertOutcomes(sql: Sql, runId: string, outcome: Outcome, ids: readonly string[]): Promise<void> {
  const cells = (phase: string, epoch: number, counts: readonly (readonly number[])[]) =>
    counts.flatMap((row, i) =>
      row.map((n, j) => ({ run_id: runId, phase, epoch, true_class: i, predicted_class: j, n })),
    );
  await sql`insert into confusion_cells ${sql([
    ...outcome.confusions.flatMap((counts, i) => cells("val", i + 1, counts)),
    ...cells("test", 1, outcome.testConfusion),
  ])}`;
  await sql`insert into predictions ${sql(
    outcome.predictions.map(({ index, phase, ...row }, position) => ({
      run_id: runId,
      phase,
      epoch: phase === "test" ? 1 : outcome.bestEpoch,
      sample_id: ids[index] as string,
      position,
      ...row,
    })),
  )}`;
  await sql`insert into epochs ${sql({ run_id: runId, phase: "test", epoch: 1, lr: null, duration_ms: 900, images_per_second: 400, state_digest: null, ...outcome.test })}`;
}

function logLines(run: Planned): { run_id: string; seq: number; at: Date; level: string; text: string }[] {
  const lines = [
    ["info", "portable: wasm kernels, 2 threads"],
    ["warning", "Sample rows: <b>not</b> a real training"],
    ...(run.status === "failed"
      ? [["error", "the plan needs 9.1 GB, 8.0 GB are free"]]
      : [["info", "epoch 1: val loss 0.61"]]),
  ] as [string, string][];
  return lines.map(([level, text], i) => ({
    run_id: run.runId,
    seq: i + 1,
    at: new Date(Date.UTC(2025, 2, 1, 9, 0, i)),
    level,
    text,
  }));
}

/** sha256 of a text, 64 hex digits. */
export function hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function uuid(...position: (string | number)[]): string {
  const draws = stream(0, "sample-run", ...position);
  const digits = Array.from({ length: 4 }, () => draws.uint32().toString(16).padStart(8, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
