// The answer to a user's own SQL as the page and the API show it: within limits, in values that JSON can hold.
import type { Store } from "../../core/store/index.ts";
import { runQuery } from "../../core/store/sql-query.ts";

export interface Answer {
  readonly names: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Whether there were more rows than are shown. */
  readonly cut: boolean;
  readonly durationMs: number;
}

const MOST_ROWS = 5000;
const TIME_LIMIT_MS = 10_000;

/** @throws LockstepError "usage" with Postgres' own words where the statement is wrong, too slow or would write */
export async function runReadOnly(store: Store, text: string): Promise<Answer> {
  const begun = performance.now();
  let names: readonly string[] = [];
  const rows: unknown[][] = [];
  const limits = { rows: MOST_ROWS + 1, milliseconds: TIME_LIMIT_MS };
  await runQuery(store, {
    text,
    limits,
    onRows: (part) => {
      names = part.names;
      rows.push(...part.rows.map((row) => row.map(plain)));
    },
  });
  const cut = rows.length > MOST_ROWS;
  return { names, rows: cut ? rows.slice(0, MOST_ROWS) : rows, cut, durationMs: performance.now() - begun };
}

/** What JSON can hold. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return typeof value === "bigint" ? Number(value) : value;
}
