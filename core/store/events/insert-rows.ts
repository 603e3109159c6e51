// Bulk inserts by unnest: one text parameter a column, whatever the number of rows, and one statement. Rows that are there already
// stay as they are; where they differ from what was sent, that is told, since a key names one thing only.
import type { Sql, TransactionSql } from "postgres";
import { arrayLiteral, type Scalar } from "./array-literal.ts";

export interface Column<Row> {
  readonly name: string;
  /** Postgres type of the column. */
  readonly type: "text" | "int" | "bigint" | "float8" | "real[]" | "float8[]" | "timestamptz" | "hex";
  readonly value: (row: Row) => Scalar;
}

export interface Target<Row> {
  readonly table: string;
  readonly columns: readonly Column<Row>[];
  /** The primary key, without run_id. */
  readonly key: readonly string[];
  /** What must be equal when the key is there already; times may differ. */
  readonly same: readonly string[];
}

/** @returns keys, as text, of rows that stand in the table with other values than these */
export async function insertRows<Row>(
  sql: Sql | TransactionSql,
  runId: string,
  { table, columns, key, same }: Target<Row>,
  rows: readonly Row[],
): Promise<string[]> {
  if (rows.length === 0) return [];
  const names = columns.map((column) => column.name).join(", ");
  const source = `(select ${columns.map(decode).join(", ")} from unnest(${columns.map(parameter).join(", ")}) as u(${names})) s`;
  const values = [runId, ...columns.map((column) => arrayLiteral(rows.map(column.value)))];
  const options = { prepare: true }; // where the connection allows it at all
  const insert = `insert into ${table} (run_id, ${names}) select $1::uuid, s.* from ${source} on conflict do nothing`;
  const { count } = await sql.unsafe(insert, values, options);
  if (count === rows.length) return [];
  const differs = same.map((name) => `t.${name} is distinct from s.${name}`).join(" or ");
  const shown = key.map((name) => `s.${name}`).join(", ");
  const on = ["t.run_id = $1::uuid", ...key.map((name) => `t.${name} = s.${name}`)].join(" and ");
  const compare = `select distinct concat_ws(' ', ${shown}) as key from ${source} join ${table} t on ${on} where ${differs}`;
  return (await sql.unsafe<{ key: string }[]>(compare, values, options)).map((row) => row.key);
}

function parameter(column: { readonly type: string }, index: number): string {
  const type = column.type.endsWith("[]") || column.type === "hex" ? "text" : column.type;
  return `$${index + 2}::text::${type}[]`;
}

/** unnest flattens arrays of arrays, so those travel as text. */
function decode({ name, type }: { readonly name: string; readonly type: string }): string {
  if (type === "hex") return `decode(u.${name}, 'hex') as ${name}`;
  return type.endsWith("[]") ? `u.${name}::${type} as ${name}` : `u.${name}`;
}
