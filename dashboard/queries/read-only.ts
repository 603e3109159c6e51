// A user's own SQL: one statement, read only, as a role that can read and nothing else, with a time limit and at most so many rows.
import postgres from "postgres";
import { LockstepError } from "../../core/errors.ts";
import type { Sql } from "../sql.ts";

export interface Answer {
  readonly names: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Whether there were more rows than are shown. */
  readonly cut: boolean;
  readonly durationMs: number;
}

const MOST_ROWS = 5000;
const TIME_LIMIT = "10s";

/** @throws LockstepError "usage" with Postgres' own words where the statement is wrong, too slow or would write */
export async function runReadOnly(sql: Sql, text: string): Promise<Answer> {
  const begun = performance.now();
  try {
    const answer = await sql.begin("read only", async (transaction) => {
      await transaction.unsafe(`set local statement_timeout = '${TIME_LIMIT}'`);
      await transaction.unsafe("set local role lockstep_reader");
      return readRows(transaction, text);
    });
    return { ...answer, durationMs: performance.now() - begun };
  } catch (cause) {
    if (!(cause instanceof postgres.PostgresError)) throw cause;
    throw new LockstepError({ code: "usage", message: `sql: ${cause.message}`, next: nextStep(cause), cause });
  }
}

/** Through a cursor: the extended protocol takes one statement, and the server is asked for no more rows than are shown. */
async function readRows(transaction: postgres.TransactionSql, text: string): Promise<Omit<Answer, "durationMs">> {
  const statement = transaction.unsafe(text, [], { prepare: false, simple: false } as postgres.UnsafeQueryOptions);
  for await (const chunk of statement.values().cursor(MOST_ROWS + 1)) {
    const result = chunk as unknown as unknown[][] & { columns: { name: string }[] };
    return {
      names: result.columns.map((column) => column.name),
      rows: result.slice(0, MOST_ROWS).map((row) => row.map(plain)),
      cut: result.length > MOST_ROWS,
    };
  }
  return { names: [], rows: [], cut: false };
}

/** What JSON can hold. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return typeof value === "bigint" ? Number(value) : value;
}

function nextStep(error: postgres.PostgresError): string {
  if (error.code === "57014") return `It ran for longer than ${TIME_LIMIT}: narrow it, or use exp sql.`;
  if (error.code === "25006" || error.code === "42501") return "This page only reads.";
  if (error.position !== undefined) return `At character ${error.position}.`;
  return error.hint ?? "The views beside the query are documented column by column in docs/sql.md.";
}
