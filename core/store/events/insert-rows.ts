// Bulk inserts by COPY, in a transaction. Rows that are there already stay as they are; where they differ from what was sent, that is
// told, since a key names one thing only.
import type { TransactionSql } from "postgres";
import { copyIn } from "../copy-in.ts";
import { binaryRows, type Column } from "./binary-rows.ts";

export interface Target<Row> {
  readonly table: string;
  readonly columns: readonly Column<Row>[];
  /** The primary key, without run_id. */
  readonly key: readonly string[];
  /** What must be equal when the key is there already; times may differ. */
  readonly same: readonly string[];
}

/** "new": no row is there yet, or the transaction fails with 23505, at half of the time. */
export type Expected = "new" | "any";

/** @returns keys, as text, of rows that stand in the table with other values than these */
export async function insertRows<Row>(
  sql: TransactionSql,
  runId: string,
  target: Target<Row>,
  rows: readonly Row[],
  expected: Expected = "any",
): Promise<string[]> {
  if (rows.length === 0) return [];
  const bytes = binaryRows(runId, target.columns, rows);
  const names = ["run_id", ...target.columns.map(({ name }) => name)].join(", ");
  const copy = (table: string) => copyIn(sql.unsafe(`copy ${table} (${names}) from stdin (format binary)`), [bytes]);
  if (expected === "any") return insertMissing(sql, runId, target, { rows: rows.length, names, copy });
  await copy(target.table);
  return [];
}

/** COPY knows no "on conflict": the rows go into a table of this transaction first. */
async function insertMissing<Row>(
  sql: TransactionSql,
  runId: string,
  target: Target<Row>,
  { rows, names, copy }: { rows: number; names: string; copy: (table: string) => Promise<void> },
): Promise<string[]> {
  const { table } = target;
  const sent = `pg_temp.sent_${table}`;
  await sql.unsafe(`create temporary table sent_${table} (like ${table}) on commit drop`);
  await copy(sent);
  const { count } = await sql.unsafe(
    `insert into ${table} (${names}) select ${names} from ${sent} on conflict do nothing`,
  );
  const differing = count === rows ? [] : await sql.unsafe<{ key: string }[]>(comparison(target, sent), [runId]);
  await sql.unsafe(`drop table ${sent}`);
  return differing.map(({ key }) => key);
}

/** The keys of rows that differ from those that are there. */
function comparison<Row>({ table, key, same }: Target<Row>, sent: string): string {
  const differs = same.map((name) => `t.${name} is distinct from s.${name}`).join(" or ");
  const shown = key.map((name) => `s.${name}`).join(", ");
  const on = ["t.run_id = $1::uuid", ...key.map((name) => `t.${name} = s.${name}`)].join(" and ");
  return `select distinct concat_ws(' ', ${shown}) as key from ${sent} s join ${table} t on ${on} where ${differs}`;
}
