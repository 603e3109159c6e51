// exp db backup and restore: every value comes back, from one moment, from files of older migrations too; a damaged file changes nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { checkBackup } from "../../core/store/backup/read-backup.ts";
import { restoreBackup } from "../../core/store/backup/restore.ts";
import { tableNames } from "../../core/store/backup/tables.ts";
import { writeBackup } from "../../core/store/backup/write-backup.ts";
import { createRun, openRecorder, openStore, setAlias, findRun, type Store } from "../../core/store/index.ts";
import { applyMigrations, knownMigrations } from "../../core/store/migrate.ts";
import { stream } from "../../core/random.ts";
import { createTestDatabase } from "../postgres.ts";
import { insertQuestionRows } from "./question-rows.ts";
import { batchEvent, newRun } from "./sample-run.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-backup-"));
const path = join(folder, "whole.backup");
/** Without the views' names: what PostgreSQL itself says of every row. */
const everyRow = (names: readonly string[] = tableNames): string =>
  names.map((name) => `select '${name}' as place, t::text as line from ${name} t`).join(" union all ") +
  " order by 1, 2";

let store: Store;
beforeAll(async () => {
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
  await insertQuestionRows(store);
  const runId = await createRun(store, { ...newRun(), variant: "tab\tnew\nline \\N \\. \u2028 ␀ 'x" });
  await setAlias(store, await findRun(store, runId), "best");
  await store.sql`insert into metric_values (run_id, name, step, value, at) values
    (${runId}, 'nan', 1, 'NaN', now()), (${runId}, 'inf', 1, '-Infinity', now()), (${runId}, 'tenth', 1, 0.1, now()),
    (${runId}, 'tiny', 1, 5e-324, now()), (${runId}, 'zero', 1, '-0', now()), (${runId}, 'odd', 1, 1.0000000000000002, now())`;
  await store.sql`update runs set status = 'done' where run_id = ${runId}`;
  await writeBackup(store, { path });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function emptyStore(): Promise<Store> {
  return openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
}

const linesOf = async ({ sql }: Store, names?: readonly string[]) => [...(await sql.unsafe(everyRow(names)))];

test("every table of the database is in a backup", async () => {
  const rows = await store.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> 'lockstep_migrations' order by 1`;
  expect([...tableNames].sort()).toEqual(rows.map(({ name }) => name));
});

test("what is restored is equal row by row, and a second restore is refused unless it may replace", async () => {
  const other = await emptyStore();
  await checkBackup(path);
  await restoreBackup(other, { path });
  expect(await linesOf(other)).toEqual(await linesOf(store));
  await expect(restoreBackup(other, { path })).rejects.toThrow(/not empty: it holds 7 runs/);
  await other.sql`delete from metric_values`;
  await restoreBackup(other, { path, replace: true });
  expect(await linesOf(other)).toEqual(await linesOf(store));
  await other.close();
});

test("a file that is cut or has one flipped bit anywhere is refused", async () => {
  const bytes = readFileSync(path);
  const random = stream(1, "backup damage");
  const bad = join(folder, "bad.backup");
  for (let i = 0; i < 40; i++) {
    const at = random.integer(bytes.length);
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1 << (i % 8);
    writeFileSync(bad, i % 2 === 0 ? flipped : bytes.subarray(0, at));
    await expect(checkBackup(bad), `byte ${at} of ${bytes.length}`).rejects.toThrow(/no whole backup|of format/);
  }
  rmSync(bad);
});

test("rows that were written while it was made are all of one moment", async () => {
  const busy = await emptyStore();
  const runId = await createRun(busy, newRun());
  const recorder = await openRecorder({ store: busy, runId, home: folder });
  const file = join(folder, "busy.backup");
  let written: Promise<unknown> = Promise.resolve();
  for (let batch = 1; batch <= 400; batch++) {
    recorder.record(batchEvent(1, batch));
    if (batch === 200) await recorder.flush();
    if (batch === 201) written = writeBackup(busy, { path: file });
    if (batch % 50 === 0) await new Promise((done) => setTimeout(done, 20));
  }
  await Promise.all([written, recorder.flush()]);
  await recorder.close();
  const other = await emptyStore();
  await restoreBackup(other, { path: file });
  const rows = await other.sql<{ batch: number }[]>`select batch from batches order by batch`;
  expect(rows.length).toBeGreaterThanOrEqual(200);
  expect(rows.map(({ batch }) => batch)).toEqual(rows.map((_, index) => index + 1));
  await Promise.all([busy.close(), other.close()]);
});

test.each([3, knownMigrations.length - 1])("a backup made at migration %i is brought up to date", async (then) => {
  const sql = postgres(await createTestDatabase(inject("postgresUrl")), { onnotice: () => undefined });
  await sql.begin((transaction) => applyMigrations(transaction, 0, then));
  await sql`insert into projects (project) values ('old')`;
  await sql`insert into experiments (project, experiment, question) values ('old', 'e', 'line
    break')`;
  await sql`insert into runs (run_id, project, experiment, variant, seed, settings_hash, status, test_auc)
    values ('00000000-0000-4000-8000-000000000001', 'old', 'e', 'v', 3, 'h', 'done', 0.30000000000000004)`;
  const file = join(folder, `at-${then}.backup`);
  await writeBackup({ sql } as unknown as Store, { path: file });
  const other = await emptyStore();
  await restoreBackup(other, { path: file });
  const [row] = await other.sql`select project, variant, seed, test_auc, aliases from v_runs`;
  expect(row).toEqual({ project: "old", variant: "v", seed: 3, test_auc: 0.30000000000000004, aliases: [] });
  expect(await other.sql`select from pg_namespace where nspname = 'lockstep_restore'`).toHaveLength(0);
  await Promise.all([sql.end(), other.close()]);
});

test("a backup of a later Lockstep is refused in one line, and nothing is changed", async () => {
  const sql = store.sql;
  await sql`insert into lockstep_migrations (number, hash) values (1000, 'later')`;
  const file = join(folder, "later.backup");
  await writeBackup(store, { path: file });
  await sql`delete from lockstep_migrations where number = 1000`;
  const other = await emptyStore();
  const before = await linesOf(other);
  await expect(restoreBackup(other, { path: file })).rejects.toThrow(
    /made by another version of Lockstep: its migration \d+ of/,
  );
  expect(await linesOf(other)).toEqual(before);
  await other.close();
});

test("where the file cannot be written, none is left", async () => {
  await expect(writeBackup(store, { path: "/proc/lockstep.backup" })).rejects.toThrow(/^cannot write/);
  const cut = AbortSignal.abort();
  await expect(writeBackup(store, { path: join(folder, "never.backup"), signal: cut })).rejects.toThrow();
  expect(readdirSync(folder).filter((name) => name.includes("never") || name.endsWith(".tmp"))).toEqual([]);
});
