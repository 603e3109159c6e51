// The views of some runs as files: a CSV or a Parquet file for each view, or one JSON file a run.
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { cellText, csvText } from "../../csv-text.ts";
import type { Store } from "../../store/index.ts";
import { readColumns, readRows, TABLES, type Column, type TableName } from "./read-views.ts";

export interface TablesRequest {
  readonly store: Store;
  readonly runIds: readonly string[];
  /** Made where it does not exist. */
  readonly folder: string;
}

/** @returns paths of the files */
export async function writeCsv({ store, runIds, folder }: TablesRequest): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  return Promise.all(TABLES.map((table) => writeCsvTable({ store, runIds, folder }, table)));
}

async function writeCsvTable({ store, runIds, folder }: TablesRequest, table: TableName): Promise<string> {
  const path = join(folder, `${table}.csv`);
  const columns = (await readColumns(store, table)).map(({ name }) => name);
  const file = createWriteStream(path);
  file.write(csvText([columns]));
  for await (const rows of readRows(store, table, runIds)) {
    const text = csvText(rows.map((row) => columns.map((column) => cellText(row[column]))));
    if (!file.write(text)) await once(file, "drain");
  }
  file.end();
  await finished(file);
  return path;
}

export async function writeParquet({ store, runIds, folder }: TablesRequest): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const table of TABLES) {
    const columns = await readColumns(store, table);
    const data = new Map<string, unknown[]>(columns.map(({ name }) => [name, []]));
    for await (const rows of readRows(store, table, runIds))
      for (const row of rows)
        for (const column of columns) data.get(column.name)!.push(parquetValue(row[column.name], column));
    const columnData = columns.map((column) => ({
      name: column.name,
      data: data.get(column.name)!,
      type: parquetType(column),
      nullable: true,
    }));
    const path = join(folder, `${table}.parquet`);
    await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData })));
    paths.push(path);
  }
  return paths;
}

const PARQUET = {
  integer: "INT32",
  bigint: "INT64",
  "double precision": "DOUBLE",
  numeric: "DOUBLE",
  real: "FLOAT",
  boolean: "BOOLEAN",
  "timestamp with time zone": "TIMESTAMP",
} as const;

/** Lists and objects are JSON text. */
function parquetType({ type }: Column) {
  return type in PARQUET ? PARQUET[type as keyof typeof PARQUET] : ("STRING" as const);
}

function parquetValue(value: unknown, column: Column): unknown {
  if (value === null || value === undefined) return null;
  const type = parquetType(column);
  if (type === "STRING") return cellText(value);
  return type === "INT64" ? BigInt(value as number | string) : value;
}

/** One object a run: its row of v_runs, and the rows of each other view. NaN and infinities as text. */
export async function writeJson({ store, runIds, folder }: TablesRequest): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const runId of runIds) {
    const tables: Record<string, unknown> = {};
    for (const table of TABLES) {
      const rows: unknown[] = [];
      for await (const part of readRows(store, table, [runId])) rows.push(...part);
      tables[table] = rows;
    }
    const { runs, ...rest } = tables;
    const path = join(folder, `${runId}.json`);
    await writeFile(path, `${JSON.stringify({ run: (runs as unknown[])[0], ...rest }, sayable, 1)}\n`);
    paths.push(path);
  }
  return paths;
}

function sayable(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
