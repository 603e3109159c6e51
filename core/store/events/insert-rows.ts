// Bulk inserts by unnest: one text parameter a column, whatever the number of rows, and one statement; a column with the same value in
// all rows is sent once. Rows that are there already stay as they are; where they differ from what was sent, that is told, since a key
// names one thing only.
import type { Sql, TransactionSql } from "postgres";
import { arrayLiteral, scalarText, type Scalar } from "./array-literal.ts";

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

/** "new": no row is there yet, or the statement fails with 23505, at a quarter less of the time. */
export type Expected = "new" | "any";

/** @returns keys, as text, of rows that stand in the table with other values than these */
export async function insertRows<Row>(
  sql: Sql | TransactionSql,
  runId: string,
  target: Target<Row>,
  rows: readonly Row[],
  expected: Expected = "any",
): Promise<string[]> {
  if (rows.length === 0) return [];
  const { table, columns } = target;
  const names = columns.map((column) => column.name).join(", ");
  const { source, parameters } = sourceOf(columns, rows);
  const values = [runId, ...parameters];
  const options = { prepare: true }; // where the connection allows it at all
  const otherwise = expected === "new" ? "" : " on conflict do nothing";
  const insert = `insert into ${table} (run_id, ${names}) select $1::uuid, s.* from ${source}${otherwise}`;
  const { count } = await sql.unsafe(insert, values, options);
  if (count === rows.length) return [];
  return (await sql.unsafe<{ key: string }[]>(comparison(target, source), values, options)).map((row) => row.key);
}

/** The rows as a table "s", and its parameters from $2 on. */
function sourceOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): { readonly source: string; readonly parameters: (string | null)[] } {
  const filled = columns.map((column) => ({ ...column, values: rows.map(column.value) }));
  const varying = filled.map(({ values }) => values.some((value) => !Object.is(value, values[0])));
  if (!varying.includes(true)) varying[0] = true; // one row: there must be something to unnest
  const lists = filled.filter((_, i) => varying[i]);
  const selected = filled.map((column, i) => decode(column, varying[i] ? `u.${column.name}` : `$${i + 2}::text`));
  const unnested = filled.flatMap((column, i) => (varying[i] ? [`$${i + 2}::text::${elementType(column)}[]`] : []));
  const names = lists.map(({ name }) => name).join(", ");
  return {
    source: `(select ${selected.join(", ")} from unnest(${unnested.join(", ")}) as u(${names})) s`,
    parameters: filled.map(({ values }, i) => (varying[i] ? arrayLiteral(values) : scalarText(values[0]!))),
  };
}

/** The keys of rows that differ from those that are there. */
function comparison<Row>({ table, key, same }: Target<Row>, source: string): string {
  const differs = same.map((name) => `t.${name} is distinct from s.${name}`).join(" or ");
  const shown = key.map((name) => `s.${name}`).join(", ");
  const on = ["t.run_id = $1::uuid", ...key.map((name) => `t.${name} = s.${name}`)].join(" and ");
  return `select distinct concat_ws(' ', ${shown}) as key from ${source} join ${table} t on ${on} where ${differs}`;
}

/** unnest flattens arrays of arrays, so those travel as text. */
function elementType({ type }: { readonly type: string }): string {
  return type.endsWith("[]") || type === "hex" ? "text" : type;
}

function decode({ name, type }: { readonly name: string; readonly type: string }, value: string): string {
  return type === "hex" ? `decode(${value}, 'hex') as ${name}` : `${value}::${type} as ${name}`;
}
