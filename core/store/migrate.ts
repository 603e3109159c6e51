// Brings a database up to this program's migrations, in one transaction that others wait for (a transaction-level advisory
// lock: it works through PgBouncer and is gone with the connection). A database that a newer Lockstep has changed is refused.
import { fileURLToPath } from "node:url";
import { readMigrationFiles, type MigrationMeta } from "drizzle-orm/migrator";
import type { Sql, TransactionSql } from "postgres";
import { LockstepError } from "../errors.ts";

const FOLDER = fileURLToPath(new URL("../../migrations", import.meta.url));
/** Names the advisory lock; any fixed number that other programs are unlikely to use. */
const LOCK = 7_238_510_043;

/** @returns how many migrations were applied */
export async function migrate(sql: Sql): Promise<number> {
  const known = readMigrationFiles({ migrationsFolder: FOLDER });
  if ((await appliedHashes(sql)).length === known.length) return refuseNewer(await appliedHashes(sql), known);
  return sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${LOCK})`;
    await transaction`create table if not exists lockstep_migrations (
      number int primary key, hash text not null, applied_at timestamptz not null default now())`;
    const applied = await appliedHashes(transaction);
    refuseNewer(applied, known);
    for (const [index, migration] of known.entries()) {
      if (index >= applied.length) await apply(transaction, index, migration);
    }
    await grantReader(transaction);
    return known.length - applied.length;
  });
}

async function appliedHashes(sql: Sql | TransactionSql): Promise<string[]> {
  const [table] = await sql<{ present: boolean }[]>`select to_regclass('lockstep_migrations') is not null as present`;
  if (!table?.present) return [];
  const rows = await sql<{ hash: string }[]>`select hash from lockstep_migrations order by number`;
  return rows.map((row) => row.hash);
}

function refuseNewer(applied: readonly string[], known: readonly MigrationMeta[]): 0 {
  const stranger = applied.findIndex((hash, index) => hash !== known[index]?.hash);
  if (stranger === -1) return 0;
  const received = `its migration ${stranger + 1} of ${applied.length} is unknown here`;
  throw new LockstepError({
    code: "database",
    message: `The database was changed by another version of Lockstep: ${received}; this version knows ${known.length}.`,
    next: "Update Lockstep to the version that others use with this database, or give DATABASE_URL another one.",
  });
}

async function apply(sql: TransactionSql, index: number, { sql: statements, hash }: MigrationMeta): Promise<void> {
  // drizzle-kit writes "public". before the tables of foreign keys; without it they land in the schema that search_path names.
  for (const statement of statements) await sql.unsafe(statement.replaceAll('"public".', ""));
  await sql`insert into lockstep_migrations (number, hash) values (${index + 1}, ${hash})`;
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
