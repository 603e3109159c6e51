// One SQL statement of a user's own, for exp sql and the dashboard's SQL page: in a READ ONLY transaction that is always rolled back, with
// limits, and through a portal, since the extended protocol takes no second statement behind a semicolon.
import postgres, { type PendingQuery, type ReservedSql, type Row, type Sql } from "postgres";
import { LockstepError } from "../errors.ts";
import type { Store } from "./connect.ts";
import { answersInParts, refuseHeldBack } from "./query-rules.ts";

export interface QueryRows {
  readonly names: readonly string[];
  /** As postgres.js parses them. */
  readonly rows: readonly (readonly unknown[])[];
}

export interface QueryOptions {
  readonly text: string;
  /** Allows a statement that changes the database. */
  readonly write?: boolean;
  readonly limits?: Limits;
  /** Called for each part of the answer; at least once where the statement gives rows at all. */
  readonly onRows: (part: QueryRows) => void;
}

export interface Limits {
  readonly rows: number;
  readonly milliseconds: number;
}

const ROWS_AT_ONCE = 2000;
const NO_LIMITS: Limits = { rows: Infinity, milliseconds: 0 };

/** @returns how many rows came or were changed @throws LockstepError "usage" with Postgres' own words where the statement is wrong */
export async function runQuery(store: Store, options: QueryOptions): Promise<number> {
  const { text, write = false, limits = NO_LIMITS, onRows } = options;
  const inParts = write || answersInParts(text);
  if (!write && !store.embedded) refuseHeldBack(text);
  try {
    if (write) return await readAll(statementOf(store.sql, text), onRows);
    return await asReader(store, limits, (sql) =>
      inParts ? readParts(sql, { text, rows: limits.rows, onRows }) : readAll(statementOf(sql, text), onRows),
    );
  } catch (cause) {
    if (!(cause instanceof postgres.PostgresError)) throw cause;
    throw new LockstepError({ code: "usage", message: `sql: ${messageOf(cause, text)}`, next: nextStep(cause), cause });
  }
}

/** On the embedded server under a login of its own, elsewhere under ours with the reader's role. */
async function asReader<T>(store: Store, { milliseconds }: Limits, use: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await (await store.querySql()).reserve();
  try {
    await sql`begin read only`;
    await sql`select set_config('statement_timeout', ${String(milliseconds)}, true)`;
    if (!store.embedded) await becomeReader(sql);
    return await use(sql);
  } finally {
    await leave(sql, store.embedded);
  }
}

/** Whatever the statement has set or locked is undone; a session of our own also forgets what outlives a transaction. */
async function leave(sql: ReservedSql, ownSession: boolean): Promise<void> {
  try {
    await sql`rollback`;
    if (ownSession) await sql`discard all`.simple();
  } finally {
    sql.release();
  }
}

/** No such role where we could not make it: then the rules of query-rules.ts and READ ONLY stand alone. */
async function becomeReader(sql: Sql): Promise<void> {
  const [row] = await sql<{ able: boolean }[]>`
    select coalesce((select pg_has_role(oid, 'member') from pg_roles where rolname = 'lockstep_reader'), false) as able`;
  if (row?.able) await sql`set local role lockstep_reader`;
}

function statementOf(sql: Sql, text: string): PendingQuery<(Row & Iterable<Row>)[]> {
  return sql.unsafe(text, [], { prepare: false, simple: false } as postgres.UnsafeQueryOptions);
}

async function readParts(sql: Sql, options: { text: string; rows: number } & Pick<QueryOptions, "onRows">) {
  const { text, rows: most, onRows } = options;
  let count = 0;
  const parts = statementOf(sql, text).values();
  for await (const part of parts.cursor(Math.min(ROWS_AT_ONCE, most))) {
    const result = part as unknown as Result;
    const rows = result.slice(0, most - count);
    count += rows.length;
    onRows({ names: result.columns.map((column) => column.name), rows });
    if (count >= most) break;
  }
  if (count === 0) onRows({ names: await columnNames(sql, text), rows: [] });
  return count;
}

/** A cursor without rows tells no columns. */
async function columnNames(sql: Sql, text: string): Promise<string[]> {
  const { columns } = await sql.unsafe(text).describe();
  return columns.map((column) => column.name);
}

type Result = unknown[][] & { columns: { name: string }[]; count: number };

/** A cursor would not tell how many rows were changed. */
async function readAll(
  statement: PendingQuery<(Row & Iterable<Row>)[]>,
  onRows: QueryOptions["onRows"],
): Promise<number> {
  const rows = (await statement.values()) as unknown as Result;
  if (rows.columns?.length > 0) onRows({ names: rows.columns.map((column) => column.name), rows });
  return rows.count ?? rows.length; // EXPLAIN and SHOW count nothing
}

/** The message and, where Postgres says so, the line and column. */
function messageOf({ message, position }: postgres.PostgresError, text: string): string {
  if (position === undefined) return message;
  const before = text.slice(0, Number(position) - 1).split("\n");
  return `${message} (line ${before.length}, column ${before.at(-1)!.length + 1})`;
}

const WRITES = new Set(["25006", "42501"]);

function nextStep(error: postgres.PostgresError): string {
  if (error.code === "57014") return "It took longer than a query here may: narrow it, or ask it with exp sql.";
  if (WRITES.has(error.code))
    return "A query only reads; exp sql --write allows a statement that changes the database.";
  return error.hint ?? "docs/sql.md explains every view and column, with worked questions.";
}
