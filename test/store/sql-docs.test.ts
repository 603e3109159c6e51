// docs/sql.md is tested: every column of every view stands in it, and every worked question gives the output printed there.
// `WRITE_DOCS=1 npx vitest run test/store/sql-docs` writes the outputs anew, and new columns into test/golden/view-columns.json.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openStore, type Store } from "../../core/store/index.ts";
import { runQuery } from "../../core/store/sql-query.ts";
import { createTestDatabase } from "../postgres.ts";
import { insertQuestionRows } from "./question-rows.ts";

const path = fileURLToPath(new URL("../../docs/sql.md", import.meta.url));
const columnsPath = fileURLToPath(new URL("../golden/view-columns.json", import.meta.url));
const text = readFileSync(path, "utf8");
const QUESTION = /### (\d+\. .*)\n+```sql\n([\s\S]*?)```\n+```text\n([\s\S]*?)```/g;
const questions = [...text.matchAll(QUESTION)].map(([, title, sql, output]) => ({
  title: title!,
  sql: sql!,
  output: output!,
}));

let store: Store;
beforeAll(async () => {
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
  await insertQuestionRows(store);
});
afterAll(() => store.close());

test("there are at least 20 worked questions", () => {
  expect(questions.length).toBeGreaterThanOrEqual(20);
});

test("every worked question gives the output printed with it", async () => {
  let written = text;
  for (const { title, sql, output } of questions) {
    const received = await answer(sql);
    if (process.env["WRITE_DOCS"])
      written = written.replace(
        `${sql}\`\`\`\n\n\`\`\`text\n${output}`,
        () => `${sql}\`\`\`\n\n\`\`\`text\n${received}`,
      );
    else expect(received, title).toBe(output);
  }
  if (process.env["WRITE_DOCS"]) writeFileSync(path, written);
});

test("every column of every view is explained, and none that is not there", async () => {
  const columns = await store.sql<{ view: string; column: string }[]>`
    select table_name as view, column_name as column from information_schema.columns
    where table_schema = current_schema() and table_name like 'v\\_%' order by table_name, ordinal_position`;
  for (const view of new Set(columns.map((row) => row.view))) {
    const section = new RegExp(`## ${view}\n([\\s\\S]*?)(?=\n## )`).exec(text)?.[1] ?? "";
    const explained = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(explained, view).toEqual(columns.filter((row) => row.view === view).map((row) => row.column));
  }
});

/** What people's own queries rely on: "name type" of every column, by view. */
test("no view loses a column, nor gets another type or order; new ones stand at the end", async () => {
  const rows = await store.sql<{ view: string; column: string }[]>`
    select c.relname as view, a.attname || ' ' || format_type(a.atttypid, a.atttypmod) as column
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relkind = 'v' and c.relnamespace = current_schema()::regnamespace and a.attnum > 0
    order by c.relname, a.attnum`;
  const columns: Record<string, string[]> = {};
  for (const { view, column } of rows) (columns[view] ??= []).push(column);
  const promised = JSON.parse(readFileSync(columnsPath, "utf8")) as Record<string, string[]>;
  for (const [view, names] of Object.entries(promised))
    expect(columns[view]?.slice(0, names.length), `${view}: a promised column changed`).toEqual(names);
  if (process.env["WRITE_DOCS"]) writeFileSync(columnsPath, `${JSON.stringify(columns, null, 2)}\n`);
  else expect(promised, "new columns: WRITE_DOCS=1 writes them down").toEqual(columns);
});

async function answer(sql: string): Promise<string> {
  const table: string[][] = [];
  const onRows = ({ names, rows }: { names: readonly string[]; rows: readonly (readonly unknown[])[] }) => {
    if (table.length === 0) table.push([...names]);
    table.push(
      ...rows.map((row) =>
        row.map((value) =>
          value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value as string),
        ),
      ),
    );
  };
  await runQuery(store, { text: sql, onRows });
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
