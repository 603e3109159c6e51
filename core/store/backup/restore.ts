// exp db restore: the rows of a backup into a database, all of them or none. A backup of an older migration is loaded into a schema of
// its own as that version made it, brought up to date there by the migrations that came later, and copied over.
import postgres, { type TransactionSql } from "postgres";
import { LockstepError } from "../../errors.ts";
import type { Store } from "../connect.ts";
import { isConnectionLoss } from "../connection-error.ts";
import { copyIn } from "../copy-in.ts";
import { applyMigrations, knownMigrations } from "../migrate.ts";
import { markLostRuns } from "../runs.ts";
import type { BackupHeader } from "./format.ts";
import { openBackup, type Backup } from "./read-backup.ts";
import { presentTables, tableNames } from "./tables.ts";
import { setTextForm } from "./write-backup.ts";

export interface RestoreOptions {
  /** Of a file that `checkBackup` found whole. */
  readonly path: string;
  /** Removes what the database holds first; without it a database that holds anything is refused. */
  readonly replace?: boolean;
  readonly onBytes?: (read: number) => void;
}

/** @throws LockstepError "database" where the database is not empty, or the backup is of a later Lockstep */
export async function restoreBackup(
  store: Store,
  { path, replace = false, onBytes }: RestoreOptions,
): Promise<BackupHeader> {
  const backup = await openBackup(path, onBytes);
  try {
    refuseLater(path, backup.header);
    await markLostRuns(store);
    await store.sql.begin(async (sql) => {
      await sql`lock table ${sql.unsafe(tableNames.join(", "))} in access exclusive mode`;
      await makeRoom(sql, replace);
      await setTextForm(sql);
      await fill(sql, backup);
      for (const name of tableNames) await sql`analyze ${sql(name)}`;
    });
    return backup.header;
  } finally {
    backup.close();
  }
}

function refuseLater(path: string, { migrations }: BackupHeader): void {
  const stranger = migrations.findIndex((hash, index) => hash !== knownMigrations[index]?.hash);
  if (stranger === -1) return;
  throw new LockstepError({
    code: "database",
    message: `${path} was made by another version of Lockstep: its migration ${stranger + 1} of ${migrations.length} is unknown here; this version knows ${knownMigrations.length}.`,
    next: "Update Lockstep to the version that made it, or a later one.",
  });
}

async function makeRoom(sql: TransactionSql, replace: boolean): Promise<void> {
  const [held] = await sql<{ runs: number; running: number; datasets: number; experiments: number }[]>`
    select (select count(*) from runs) as runs, (select count(*) from runs where status = 'running') as running,
      (select count(*) from datasets) as datasets, (select count(*) from experiments) as experiments`;
  const { runs, running, datasets, experiments } = held!;
  if (runs + datasets + experiments === 0) return void (await sql`delete from artifact_spaces`);
  const holds = `it holds ${runs} runs, ${experiments} experiments and ${datasets} data sets`;
  if (!replace) {
    throw new LockstepError({
      code: "database",
      message: `The database is not empty: ${holds}.`,
      next: "Restore into another one (EXP_HOME or DATABASE_URL), or give --replace, which removes all of that first.",
    });
  }
  if (running > 0) {
    throw new LockstepError({
      code: "database",
      message: `The database is being written to: ${running} runs are training.`,
      next: "Wait for their end or exp stop them, then restore.",
    });
  }
  await sql`truncate ${sql.unsafe(tableNames.join(", "))}`;
}

async function fill(sql: TransactionSql, backup: Backup): Promise<void> {
  const then = backup.header.migrations.length;
  const now = knownMigrations.length;
  if (then === now) return load(sql, backup);
  const [own] = await sql<{ path: string; schema: string }[]>`
    select current_setting('search_path') as path, current_schema() as schema`;
  await sql`create schema lockstep_restore`;
  await sql`set local search_path to lockstep_restore`;
  await applyMigrations(sql, 0, then);
  await load(sql, backup);
  await applyMigrations(sql, then, now);
  const tables = await presentTables(sql);
  await sql`select set_config('search_path', ${own!.path}, true)`;
  for (const { name, columns } of tables) {
    await sql`insert into ${sql(own!.schema)}.${sql(name)} (${sql(columns)}) select ${sql(columns)} from lockstep_restore.${sql(name)}`;
  }
  await sql`drop schema lockstep_restore cascade`;
}

/** Into tables as they were when the backup was made. */
async function load(sql: TransactionSql, { header, nextTable }: Backup): Promise<void> {
  for (const { name, columns, rows } of header.tables) {
    try {
      await copyIn(sql`copy ${sql(name)} (${sql(columns)}) from stdin`, nextTable());
    } catch (error) {
      if (error instanceof postgres.PostgresError && !isConnectionLoss(error))
        throw refused(name, error.message, error);
      throw error;
    }
    const [counted] = await sql<{ rows: number }[]>`select count(*)::float8 as rows from ${sql(name)}`;
    if (counted!.rows !== rows) throw refused(name, `${counted!.rows} rows arrived, expected ${rows}`);
  }
}

function refused(table: string, why: string, cause?: unknown): LockstepError {
  return new LockstepError({
    code: "database",
    message: `The backup's rows of ${table} were refused: ${why}. Nothing was changed.`,
    next: "Take another backup; this file is not as a backup of one database would be.",
    cause,
  });
}
