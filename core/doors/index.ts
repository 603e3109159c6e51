// The doors to other tools: what `exp export` writes beside weights, and what `exp import` reads.
import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { LockstepError } from "../errors.ts";
import type { RunRow, Store } from "../store/index.ts";
import type { ImportedRun } from "./foreign-run.ts";
import { readCsv } from "./csv/read-table.ts";
import { readMlruns } from "./mlflow/read-folder.ts";
import { readMlflowDatabase } from "./mlflow/read-sqlite.ts";
import { writeMlruns } from "./mlflow/write-folder.ts";
import type { ReadOptions } from "./read-options.ts";
import { readStored } from "./read-stored.ts";
import { writeCsv, writeJson, writeParquet } from "./tables/write-tables.ts";
import { readTensorboard } from "./tensorboard/read-folder.ts";
import { writeTensorboard } from "./tensorboard/write-folder.ts";

export { storeImported, type StoredImport } from "./store-imported.ts";
export type { ImportedRun } from "./foreign-run.ts";

export const resultFormats = ["csv", "parquet", "json", "tensorboard", "mlflow"] as const;
export type ResultFormat = (typeof resultFormats)[number];

export interface ResultExport {
  readonly store: Store;
  /** EXP_HOME, where the runs' files are. */
  readonly home: string;
  readonly runs: readonly RunRow[];
  readonly to: ResultFormat;
  readonly folder: string;
}

/** @returns paths of what was written */
export async function exportResults({ store, home, runs, to, folder }: ResultExport): Promise<string[]> {
  const tables = { store, folder, runIds: runs.map(({ runId }) => runId) };
  if (to === "csv") return writeCsv(tables);
  if (to === "parquet") return writeParquet(tables);
  if (to === "json") return writeJson(tables);
  const write = to === "tensorboard" ? writeTensorboard : writeMlruns;
  const paths: string[] = [];
  for (const run of runs) paths.push(await write(await readStored(store, run, home), folder));
  return paths;
}

export const importFormats = ["tensorboard", "mlflow", "csv"] as const;
export type ImportFormat = (typeof importFormats)[number];

/** @param from null: what it is follows from the files @throws LockstepError "data-invalid" */
export async function readForeign(
  path: string,
  from: ImportFormat | null,
  options: ReadOptions,
): Promise<ImportedRun[]> {
  if (!existsSync(path)) throw unknown(`${path} does not exist.`);
  const file = statSync(path).isFile();
  const format = from ?? (file ? fileFormat(path) : await folderFormat(path));
  if (format === "csv") return readCsv(path, options);
  if (format === "tensorboard") return readTensorboard(path, options);
  return file ? readMlflowDatabase(path, options) : readMlruns(path, options);
}

function fileFormat(path: string): ImportFormat {
  if (/\.(csv|tsv|txt)$/i.test(path)) return "csv";
  if (/\.(db|sqlite3?|sqlite)$/i.test(path)) return "mlflow";
  throw unknown(`${path}: a ${basename(path)} could be anything.`);
}

async function folderFormat(path: string): Promise<ImportFormat> {
  const names = await readdir(path, { recursive: true });
  if (names.some((name) => basename(name).includes("tfevents"))) return "tensorboard";
  if (names.some((name) => basename(name) === "meta.yaml")) return "mlflow";
  throw unknown(
    `${path} holds neither TensorBoard event files nor MLflow runs (looked at ${names.length} names in ${join(path, "")}).`,
  );
}

function unknown(message: string): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message,
    next: "Give a folder of event files, an mlruns folder, MLflow's SQLite file or a CSV file; --from says which it is.",
  });
}
