// MLflow's SQLite file, read by SQLite itself compiled to WebAssembly; the file is not changed.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import initSqlJs, { type Database, type SqlValue } from "sql.js";
import { LockstepError } from "../../errors.ts";
import { Curves } from "../curves.ts";
import type { ImportedRun, Point } from "../foreign-run.ts";
import type { ReadOptions } from "../read-options.ts";
import { asImported } from "./mlflow-run.ts";

/** @throws LockstepError "data-invalid" where it is no database of MLflow's */
export async function readMlflowDatabase(file: string, options: ReadOptions): Promise<ImportedRun[]> {
  const { Database } = await initSqlJs();
  const database = new Database(await readFile(file));
  try {
    const runs = rowsOf(database, RUNS);
    return runs.map((run) => readRun(database, run, { path: resolve(file), options }));
  } catch (cause) {
    throw new LockstepError({
      code: "data-invalid",
      message: `${file}: no database of MLflow's: ${(cause as Error).message}`,
      next: "Give the file of sqlite:///FILE, or an mlruns folder.",
      cause,
    });
  } finally {
    database.close();
  }
}

type Row = Readonly<Record<string, SqlValue>>;

const RUNS = `
  select r.run_uuid, r.name, r.experiment_id, e.name as experiment, r.status, r.start_time, r.end_time, r.artifact_uri
  from runs r join experiments e on e.experiment_id = r.experiment_id
  where coalesce(r.lifecycle_stage, 'active') = 'active' and coalesce(e.lifecycle_stage, 'active') = 'active'
  order by r.start_time, r.run_uuid`;

function readRun(database: Database, run: Row, { path, options }: { path: string; options: ReadOptions }): ImportedRun {
  const id = String(run["run_uuid"]);
  const pairs = (table: string) =>
    Object.fromEntries(
      rowsOf(database, `select key, value from ${table} where run_uuid = ?`, id).map(({ key, value }) => [
        String(key),
        String(value),
      ]),
    );
  const metrics = new Curves();
  for (const row of rowsOf(database, METRICS, id)) metrics.add(String(row["key"]), pointOf(row));
  const found = {
    id,
    name: run["name"] === null ? null : String(run["name"]),
    experimentId: String(run["experiment_id"]),
    experiment: String(run["experiment"]),
    status: String(run["status"]),
    startMs: numberOrNull(run["start_time"]),
    endMs: numberOrNull(run["end_time"]),
    params: pairs("params"),
    tags: pairs("tags"),
    metrics: metrics.series,
    artifactUri: String(run["artifact_uri"] ?? ""),
    artifactFolder: null,
    path,
  };
  return asImported(found, options);
}

const METRICS = "select key, value, is_nan, timestamp, step from metrics where run_uuid = ? order by timestamp, step";
/** MLflow stores infinities as the largest doubles. */
const LARGEST = Number.MAX_VALUE;

function pointOf(row: Row): Point {
  const stored = Number(row["value"]);
  const value = row["is_nan"] ? NaN : Math.abs(stored) >= LARGEST ? Math.sign(stored) * Infinity : stored;
  return { step: Number(row["step"]), epoch: null, value, atMs: Number(row["timestamp"]) };
}

function rowsOf(database: Database, query: string, ...values: string[]): Row[] {
  const statement = database.prepare(query, values);
  const rows: Row[] = [];
  while (statement.step()) rows.push(statement.getAsObject());
  statement.free();
  return rows;
}

function numberOrNull(value: SqlValue | undefined): number | null {
  return typeof value === "number" ? value : null;
}
