// The documented views (docs/sql.md), row by row, for the runs of an export: what csv, parquet and json hold.
import type { Store } from "../../store/index.ts";

export const TABLES = [
  "runs",
  "epochs",
  "batches",
  "confusion",
  "predictions",
  "metrics",
  "histograms",
  "artifacts",
  "log",
] as const;
export type TableName = (typeof TABLES)[number];

export interface Column {
  readonly name: string;
  /** Postgres' own word, such as "double precision". */
  readonly type: string;
}

export async function readColumns({ sql }: Store, table: TableName): Promise<Column[]> {
  return sql<Column[]>`
    select column_name as name, data_type as type from information_schema.columns
    where table_schema = current_schema() and table_name = ${`v_${table}`} order by ordinal_position`;
}

const ROWS_AT_ONCE = 5000;

/** In parts, so that no table is held in memory whole. */
export async function* readRows(
  { sql }: Store,
  table: TableName,
  runIds: readonly string[],
): AsyncGenerator<Record<string, unknown>[]> {
  for (const runId of runIds) {
    const query = sql`select * from ${sql(`v_${table}`)} where run_id = ${runId}::uuid`;
    for await (const rows of query.cursor(ROWS_AT_ONCE)) yield [...rows];
  }
}
