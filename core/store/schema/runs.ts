// One row a run: what it is, how it stands, what came out, and where it came from. Nullable where only our own trainer knows it.
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import type { BadImageRecord } from "../../data/bad-images.ts";
import { datasets, splits } from "./datasets.ts";
import { experiments } from "./projects.ts";

const moment = (name: string) => timestamp(name, { withTimezone: true });

const identity = {
  runId: uuid("run_id").primaryKey(),
  project: text("project").notNull(),
  experiment: text("experiment").notNull(),
  variant: text("variant").notNull(),
  seed: integer("seed").notNull(),
  fold: integer("fold"),
  /** "lockstep": ours, reproducible; "tracked": logged by another program; "imported": read from another tool. */
  kind: text("kind").notNull().default("lockstep"),
  /** Digest of everything that decides the bits except the seed. */
  settingsHash: text("settings_hash").notNull(),
  datasetDigest: text("dataset_digest"),
  splitDigest: text("split_digest"),
  classes: text("classes").array(),
  positiveClass: text("positive_class"),
  simulated: boolean("simulated").notNull().default(false),
  smoke: boolean("smoke").notNull().default(false),
  /** "random", "run:<id>", "file:<path>", "imagenet:<V1|V2>". */
  init: text("init"),
  parentRunId: uuid("parent_run_id"),
};

const state = {
  /** What people call it, besides experiment/variant/seed. */
  name: text("name"),
  /** "queued", "running", "done", "failed", "interrupted", "paused", "pruned" or "lost"; docs/sql.md says what they mean. */
  status: text("status").notNull().default("running"),
  createdAt: moment("created_at").notNull().defaultNow(),
  startedAt: moment("started_at"),
  endedAt: moment("ended_at"),
  /** Set every few seconds by the process that runs it. */
  heartbeatAt: moment("heartbeat_at"),
  /** Host and process that runs it, so that a dead one is noticed at once. */
  owner: text("owner"),
  /** Who began it. */
  userName: text("user_name"),
  stopRequestedAt: moment("stop_requested_at"),
  /** Sequence numbers of the events applied last: an older event that arrives late changes nothing. */
  statusSeq: bigint("status_seq", { mode: "number" }).notNull().default(0),
  bestSeq: bigint("best_seq", { mode: "number" }).notNull().default(0),
  errorCode: text("error_code"),
  errorMessage: text("error_message"),
  tags: text("tags")
    .array()
    .notNull()
    .default(sql`'{}'::text[]`),
  note: text("note"),
  archivedAt: moment("archived_at"),
  /** Deleted for the views; `exp gc` removes it for good. */
  deletedAt: moment("deleted_at"),
};

const engine = {
  engine: text("engine"),
  engineVersion: text("engine_version"),
  device: text("device"),
  kernels: text("kernels"),
  threads: integer("threads"),
};

/** Settings that people filter on; all of them are in `config`. */
const settings = {
  config: jsonb("config"),
  size: text("size"),
  layout: text("layout"),
  widthMult: doublePrecision("width_mult"),
  imageSizePx: integer("image_size_px"),
  batchSize: integer("batch_size"),
  epochs: integer("epochs"),
  optimizer: text("optimizer"),
  lr: doublePrecision("lr"),
  freeze: text("freeze"),
  parametersTotal: bigint("parameters_total", { mode: "number" }),
  parametersTrainable: bigint("parameters_trainable", { mode: "number" }),
  trainSamples: integer("train_samples"),
  valSamples: integer("val_samples"),
  testSamples: integer("test_samples"),
  /** Images left out or in doubt when the run began: [{ id, reason, used }]. */
  badImages: jsonb("bad_images").$type<readonly BadImageRecord[]>().notNull().default([]),
};

const results = {
  /** The run's digest: last chain digest, last state digest and test predictions. */
  digest: text("digest"),
  bestEpoch: integer("best_epoch"),
  /** Validation loss of the best epoch. */
  valLoss: doublePrecision("val_loss"),
  testLoss: doublePrecision("test_loss"),
  testAccuracy: doublePrecision("test_accuracy"),
  testPrecision: doublePrecision("test_precision"),
  testRecall: doublePrecision("test_recall"),
  testF1: doublePrecision("test_f1"),
  testAuc: doublePrecision("test_auc"),
};

const provenance = {
  codeDigest: text("code_digest"),
  gitCommit: text("git_commit"),
  gitBranch: text("git_branch"),
  /** The uncommitted changes themselves. */
  gitDiff: text("git_diff"),
  lockfileDigest: text("lockfile_digest"),
  nodeVersion: text("node_version"),
  packageVersion: text("package_version"),
  os: text("os"),
  cpu: text("cpu"),
  host: text("host"),
  commandLine: text("command_line"),
  experimentText: text("experiment_text"),
  /** What has no column of its own. */
  provenance: jsonb("provenance"),
};

export const runs = pgTable(
  "runs",
  { ...identity, ...state, ...engine, ...settings, ...results, ...provenance },
  (table) => [
    foreignKey({
      columns: [table.project, table.experiment],
      foreignColumns: [experiments.project, experiments.experiment],
    }).onUpdate("cascade"),
    foreignKey({ columns: [table.datasetDigest], foreignColumns: [datasets.datasetDigest] }),
    foreignKey({ columns: [table.splitDigest], foreignColumns: [splits.splitDigest] }),
    foreignKey({ columns: [table.parentRunId], foreignColumns: [table.runId] }).onDelete("set null"),
    check("runs_kind", sql`${table.kind} in ('lockstep', 'tracked', 'imported')`),
    check(
      "runs_status",
      sql`${table.status} in ('queued', 'running', 'done', 'failed', 'interrupted', 'paused', 'pruned', 'lost')`,
    ),
    index("runs_experiment").on(table.experiment, table.variant, table.seed, table.createdAt),
    index("runs_created_at").on(table.createdAt),
    index("runs_status_index").on(table.status),
  ],
);

/** Names that move: `best`, `submitted`. One run of an experiment has it at a time. */
export const aliases = pgTable(
  "aliases",
  {
    project: text("project").notNull(),
    experiment: text("experiment").notNull(),
    alias: text("alias").notNull(),
    runId: uuid("run_id").notNull(),
    setAt: moment("set_at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.experiment, table.alias] }),
    foreignKey({ columns: [table.runId], foreignColumns: [runs.runId] }).onDelete("cascade"),
    index("aliases_run").on(table.runId),
  ],
);

export type RunRow = typeof runs.$inferSelect;
export type RunInsert = typeof runs.$inferInsert;
