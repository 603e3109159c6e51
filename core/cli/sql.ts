// exp sql: a statement of the user's own, read only, as a table, JSON lines or CSV.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { csvText } from "../csv-text.ts";
import { LockstepError } from "../errors.ts";
import { runQuery, type QueryRows } from "../store/sql-query.ts";
import { printJson, printTable } from "./output.ts";
import { withStore } from "./with-store.ts";

interface SqlFlags {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly write?: boolean;
}

const EXAMPLES = `
Examples:
  exp sql "select variant, mean, low95, high95 from v_variants where metric = 'test_recall'"
  exp sql "select * from v_epochs where run_id::text like '3f2a%'" --csv > epochs.csv
  exp sql - < question.sql
docs/sql.md explains every view and column.`;

export function registerSqlCommands(program: Command): void {
  program
    .command("sql")
    .argument("<statement>", 'one SQL statement; "-" reads it from standard input')
    .description("Ask the database in SQL; nothing can be changed")
    .option("--json", "one JSON object a row")
    .option("--csv", "comma-separated values with a header line")
    .option("--write", "allow a statement that changes the database")
    .addHelpText("after", EXAMPLES)
    .action(askSql);
}

async function askSql(statement: string, flags: SqlFlags): Promise<void> {
  if (flags.json && flags.csv) {
    throw new LockstepError({
      code: "usage",
      message: "--json and --csv exclude each other.",
      next: "Give one of them.",
    });
  }
  const text = statement === "-" ? readFileSync(0, "utf8") : statement;
  return withStore(async (store) => {
    const collected: unknown[][] = [];
    let names: readonly string[] | null = null;
    const onRows = (part: QueryRows): void => {
      if (flags.json) printObjects(part);
      else if (flags.csv) printCsv(part, names === null);
      else collected.push(...part.rows.map((row) => [...row]));
      names = part.names;
    };
    const count = await runQuery(store, { text, write: flags.write, onRows });
    if (flags.json || flags.csv) return;
    if (names !== null)
      printTable(
        names,
        collected.map((row) => row.map(shown)),
      );
    process.stderr.write(`${count} ${count === 1 ? "row" : "rows"}\n`);
  });
}

function printObjects({ names, rows }: QueryRows): void {
  for (const row of rows) printJson(Object.fromEntries(names.map((name, index) => [name, plain(row[index])])));
}

function printCsv({ names, rows }: QueryRows, first: boolean): void {
  process.stdout.write(csvText([...(first ? [names] : []), ...rows.map((row) => row.map(shown))]));
}

/** Null is empty. */
function shown(value: unknown): string {
  const simple = plain(value);
  if (simple === null) return "";
  return typeof simple === "object" ? JSON.stringify(simple) : String(simple);
}

/** What JSON can hold; NaN and the infinities as text, bytes in hexadecimal. */
function plain(value: unknown): string | number | boolean | object | null {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value === undefined) return null;
  return Array.isArray(value) ? value.map(plain) : value;
}
