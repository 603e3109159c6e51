// One SQL statement of a user's own: in a READ ONLY transaction, as a role that can read and nothing else where there is one, and
// through a cursor, since the extended protocol takes no second statement behind a semicolon.
import postgres, { type PendingQuery, type Row, type TransactionSql } from "postgres";
import { LockstepError } from "../errors.ts";
import type { Store } from "./connect.ts";

export interface QueryRows {
  readonly names: readonly string[];
  /** As postgres.js parses them. */
  readonly rows: readonly (readonly unknown[])[];
}

export interface QueryOptions {
  readonly text: string;
  /** Allows statements that change the database. */
  readonly write?: boolean;
  /** Called for each part of the answer; at least once where the statement gives rows at all. */
  readonly onRows: (part: QueryRows) => void;
}

const ROWS_AT_ONCE = 2000;

/** @returns how many rows came or were changed @throws LockstepError "usage" with Postgres' own words where the statement is wrong */
export async function runQuery(store: Store, { text, write = false, onRows }: QueryOptions): Promise<number> {
  try {
    return await store.sql.begin(write ? "read write" : "read only", async (transaction) => {
      if (!write) await becomeReader(transaction);
      return await readParts(transaction, { text, write, onRows });
    });
  } catch (cause) {
    if (!(cause instanceof postgres.PostgresError)) throw cause;
    throw new LockstepError({ code: "usage", message: `sql: ${messageOf(cause, text)}`, next: nextStep(cause), cause });
  }
}

async function becomeReader(sql: TransactionSql): Promise<void> {
  const [row] = await sql<{ able: boolean }[]>`
    select coalesce((select pg_has_role(oid, 'member') from pg_roles where rolname = 'lockstep_reader'), false) as able`;
  if (row?.able) await sql`set local role lockstep_reader`;
}

async function readParts(sql: TransactionSql, { text, write, onRows }: QueryOptions): Promise<number> {
  const statement = sql.unsafe(text, [], { prepare: false, simple: false } as postgres.UnsafeQueryOptions);
  if (write) return readAll(statement, onRows);
  let count = 0;
  for await (const part of statement.values().cursor(ROWS_AT_ONCE)) {
    const rows = part as unknown as Result;
    count += rows.length;
    onRows({ names: rows.columns.map((column) => column.name), rows });
  }
  if (count === 0) onRows({ names: await columnNames(sql, text), rows: [] });
  return count;
}

/** A cursor without rows tells no columns. */
async function columnNames(sql: TransactionSql, text: string): Promise<string[]> {
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
  return rows.count;
}

/** The message and, where Postgres says so, the line and column. */
function messageOf({ message, position }: postgres.PostgresError, text: string): string {
  if (position === undefined) return message;
  const before = text.slice(0, Number(position) - 1).split("\n");
  return `${message} (line ${before.length}, column ${before.at(-1)!.length + 1})`;
}

const WRITES = new Set(["25006", "42501"]);

function nextStep(error: postgres.PostgresError): string {
  if (WRITES.has(error.code)) return "exp sql only reads; --write allows a statement that changes the database.";
  return error.hint ?? "docs/sql.md explains every view and column, with worked questions.";
}
