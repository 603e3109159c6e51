// Brings a database up to this program's migrations, in one transaction that others wait for (a transaction-level advisory
// lock: it works through PgBouncer and is gone with the connection). A database that a newer Lockstep has changed is refused.
import { fileURLToPath } from "node:url";
import { readMigrationFiles, type MigrationMeta } from "drizzle-orm/migrator";
import type { Sql, TransactionSql } from "postgres";
import { LockstepError } from "../errors.ts";

const FOLDER = fileURLToPath(new URL("../../migrations", import.meta.url));
/** Names the advisory lock; any fixed number that other programs are unlikely to use. */
const LOCK = 7_238_510_043;

export interface Migrated {
  /** Migrations that the database had. */
  readonly before: number;
  readonly now: number;
}

/** In the order in which they are applied. */
export const knownMigrations: readonly MigrationMeta[] = readMigrationFiles({ migrationsFolder: FOLDER });

export async function migrate(sql: Sql): Promise<Migrated> {
  const now = knownMigrations.length;
  if ((await countMigrations(sql)) === now) return { before: now, now };
  return sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${LOCK})`;
    const before = await countMigrations(transaction);
    await applyMigrations(transaction, before, now);
    await grantReader(transaction);
    return { before, now };
  });
}

/** @returns how many the database has @throws LockstepError "database" where it has one that is unknown here */
export async function countMigrations(sql: Sql | TransactionSql): Promise<number> {
  const applied = await appliedHashes(sql);
  refuseNewer(applied);
  return applied.length;
}

/** Applies those after the first `from`, up to the number `to`, in the first schema of search_path. */
export async function applyMigrations(sql: TransactionSql, from: number, to: number): Promise<void> {
  await sql`create table if not exists lockstep_migrations (
    number int primary key, hash text not null, applied_at timestamptz not null default now())`;
  for (const [index, { sql: statements, hash }] of knownMigrations.entries()) {
    if (index < from || index >= to) continue;
    // drizzle-kit writes "public". before the tables of foreign keys; without it they land in the schema that search_path names.
    for (const statement of statements) await sql.unsafe(statement.replaceAll('"public".', ""));
    await sql`insert into lockstep_migrations (number, hash) values (${index + 1}, ${hash})`;
  }
}

async function appliedHashes(sql: Sql | TransactionSql): Promise<string[]> {
  const [table] = await sql<{ present: boolean }[]>`select to_regclass('lockstep_migrations') is not null as present`;
  if (!table?.present) return [];
  const rows = await sql<{ hash: string }[]>`select hash from lockstep_migrations order by number`;
  return rows.map((row) => row.hash);
}

function refuseNewer(applied: readonly string[]): void {
  const stranger = applied.findIndex((hash, index) => hash !== knownMigrations[index]?.hash);
  if (stranger === -1) return;
  const received = `its migration ${stranger + 1} of ${applied.length} is unknown here`;
  throw new LockstepError({
    code: "database",
    message: `The database was changed by another version of Lockstep: ${received}; this version knows ${knownMigrations.length}.`,
    next: "Update Lockstep to the version that others use with this database, or give DATABASE_URL another one.",
  });
}

/** A role that can read and nothing else, for `exp sql` and the dashboard's query page; skipped where we may not create roles. */
async function grantReader(sql: TransactionSql): Promise<void> {
  await sql.unsafe(
    quietly("if to_regrole('lockstep_reader') is null then create role lockstep_reader nologin; end if;"),
  );
  await sql.unsafe(
    quietly(`
      if not pg_has_role(current_user, 'lockstep_reader', 'member') then
        execute format('grant lockstep_reader to %I', current_user);
      end if;
      execute format('grant usage on schema %I to lockstep_reader', current_schema());
      execute format('grant select on all tables in schema %I to lockstep_reader', current_schema());`),
  );
}

/** A block whose failure undoes itself alone: roles belong to the whole server, where others may be making them too. */
function quietly(statements: string): string {
  return `do $$ begin ${statements} exception when others then raise notice 'no lockstep_reader: %', sqlerrm; end $$`;
}
