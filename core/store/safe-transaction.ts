// Transactions that outlive a lost connection. postgres.js sends a rollback after any failure, and where the connection itself is gone that
// ends the whole process ("Cannot read properties of null"): a training would die with its database server.
import type { Sql } from "postgres";

/** The connection is gone without a word; postgres.js rejects the transaction by itself. */
const GONE = new Set(["CONNECTION_CLOSED", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** The same instance, whose `begin` asks for no rollback where nothing can answer. */
export function withSafeTransactions(sql: Sql): Sql {
  const begin = sql.begin.bind(sql) as (options: string, work: Work) => Promise<unknown>;
  const safe = (...given: [Work] | [string, Work]): Promise<unknown> => {
    const [options, work] = given.length === 1 ? ["", given[0]] : given;
    return begin(options, (transaction) => silentWhenGone(work, transaction));
  };
  return Object.assign(sql, { begin: safe });
}

type Work = (transaction: unknown) => unknown;

async function silentWhenGone(work: Work, transaction: unknown): Promise<unknown> {
  try {
    return await work(transaction);
  } catch (error) {
    if (!GONE.has((error as { code?: string } | null)?.code ?? "")) throw error;
    return new Promise(() => undefined);
  }
}
