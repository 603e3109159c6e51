// The columns of runs that people filter, sort, group and show by: one table of names, so that no name reaches SQL unchecked.
// Settings without a column of their own are "config.KEY", or "config.KEY.INNER"; what a run logged is "metric.NAME" (its last value),
// "lowest.NAME" or "highest.NAME".
import { LockstepError } from "../../core/errors.ts";
import { suggestion } from "../../core/experiment/nearest.ts";
import type { Fragment, Sql } from "../sql.ts";

export type ColumnKind = "text" | "number" | "share" | "time" | "duration" | "tags" | "id" | "config";

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly kind: ColumnKind;
  /** Whether it is of numbers that runs logged. */
  readonly logged?: true;
  /** Its value for the run `r`. */
  readonly expression: (sql: Sql) => Fragment;
}

const own = (key: string, title: string, kind: ColumnKind): Column => ({
  key,
  title,
  kind,
  expression: (sql) => sql`${sql(`r.${key}`)}`,
});

/** A value of a validation epoch: the best one or the last one. */
const ofEpoch = (key: string, title: string, column: string, at: "best" | "last"): Column => ({
  key,
  title,
  kind: column === "loss" ? "number" : "share",
  expression: (sql) => sql`(select ${sql(`e.${column}`)} from epochs e where e.run_id = r.run_id and e.phase = 'val'
    ${at === "best" ? sql`and e.epoch = r.best_epoch` : sql``} order by e.epoch desc limit 1)`,
});

export const COLUMNS: readonly Column[] = [
  { key: "id", title: "run", kind: "id", expression: (sql) => sql`r.run_id::text` },
  own("project", "project", "text"),
  own("experiment", "experiment", "text"),
  own("variant", "variant", "text"),
  own("seed", "seed", "number"),
  own("fold", "fold", "number"),
  own("status", "status", "text"),
  own("test_accuracy", "test accuracy", "share"),
  own("test_precision", "test precision", "share"),
  own("test_recall", "test recall", "share"),
  own("test_f1", "test F1", "share"),
  own("test_auc", "test AUC", "share"),
  own("test_loss", "test loss", "number"),
  own("val_loss", "best val loss", "number"),
  ofEpoch("best_val_accuracy", "best val accuracy", "accuracy", "best"),
  ofEpoch("last_val_loss", "last val loss", "loss", "last"),
  ofEpoch("last_val_accuracy", "last val accuracy", "accuracy", "last"),
  own("best_epoch", "best epoch", "number"),
  own("lr", "lr", "number"),
  own("batch_size", "batch", "number"),
  own("epochs", "epochs", "number"),
  own("optimizer", "optimizer", "text"),
  own("freeze", "freeze", "text"),
  own("width_mult", "width", "number"),
  own("image_size_px", "image px", "number"),
  own("size", "size", "text"),
  own("layout", "layout", "text"),
  own("init", "init", "text"),
  own("parameters_trainable", "trainable", "number"),
  own("parameters_total", "parameters", "number"),
  own("train_samples", "train samples", "number"),
  { key: "dataset", title: "data", kind: "text", expression: (sql) => sql`d.name` },
  own("engine", "engine", "text"),
  own("kernels", "kernels", "text"),
  own("device", "device", "text"),
  own("threads", "threads", "number"),
  own("kind", "kind", "text"),
  own("host", "host", "text"),
  { key: "user", title: "user", kind: "text", expression: (sql) => sql`r.user_name` },
  own("created_at", "created", "time"),
  {
    key: "duration",
    title: "duration",
    kind: "duration",
    expression: (sql) => sql`(extract(epoch from coalesce(r.ended_at, r.heartbeat_at) - r.started_at) * 1000)::float8`,
  },
  own("tags", "tags", "tags"),
  own("note", "note", "text"),
  own("digest", "digest", "text"),
  own("settings_hash", "settings hash", "text"),
  own("git_commit", "commit", "text"),
];

const ALIASES: Readonly<Record<string, string>> = {
  run: "id",
  run_id: "id",
  tag: "tags",
  accuracy: "test_accuracy",
  precision: "test_precision",
  recall: "test_recall",
  f1: "test_f1",
  auc: "test_auc",
  created: "created_at",
  data: "dataset",
};

/** @param name as people write it: test.recall, batchSize, config.dropout @throws LockstepError "usage" */
export function columnNamed(name: string): Column {
  if (/^(config|settings)\./.test(name)) return configColumn(name.replace(/^\w+\./, ""));
  const logged = /^(metric|lowest|highest)\.(.+)$/s.exec(name);
  if (logged !== null) return loggedColumn(logged[1] as LoggedValue, logged[2] as string);
  const plain = name
    .replace(/\./g, "_")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .toLowerCase();
  const key = ALIASES[plain] ?? plain;
  const column = COLUMNS.find((one) => one.key === key);
  if (column !== undefined) return column;
  const names = COLUMNS.map((one) => one.key);
  throw new LockstepError({
    code: "usage",
    message: `filter: no column "${name}".${suggestion(key, names)}`,
    next: "A setting without a column of its own is written config.NAME, such as config.dropout; what a run logged metric.NAME.",
  });
}

/** Of a run that Lockstep trained, settings stand under "settings"; of a tracked or imported one, its config is as it was given. */
function configColumn(path: string): Column {
  const keys = path.split(".");
  return {
    key: `config.${path}`,
    title: path,
    kind: "config",
    expression: (sql) => sql`coalesce(r.config #>> ${["settings", ...keys]}, r.config #>> ${keys})`,
  };
}

export const LOGGED_VALUES = ["metric", "lowest", "highest"] as const;
type LoggedValue = (typeof LOGGED_VALUES)[number];

/** The last, lowest or highest value of what a run logged under a name; no number (NaN) counts as none. The primary key finds each run's. */
function loggedColumn(which: LoggedValue, name: string): Column {
  const value = (sql: Sql) =>
    which === "lowest"
      ? sql`min(nullif(m.value, 'NaN'))`
      : which === "highest"
        ? sql`max(nullif(m.value, 'NaN'))`
        : sql`nullif(m.value, 'NaN')`;
  const end = (sql: Sql) => (which === "metric" ? sql`order by m.step desc limit 1` : sql``);
  return {
    key: `${which}.${name}`,
    title: which === "metric" ? name : `${which} ${name}`,
    kind: "number",
    logged: true,
    expression: (sql) =>
      sql`(select ${value(sql)} from metric_values m where m.run_id = r.run_id and m.name = ${name} ${end(sql)})`,
  };
}
