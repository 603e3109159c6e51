// exp db: the embedded server of this home.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { openStore, withoutPassword, type Store } from "../store/index.ts";
import { findServer, serverPid, stopServer } from "../store/embedded/server.ts";
import { knownMigrations } from "../store/migrate.ts";
import { migrationNotes } from "../store/migration-notes.ts";
import { registerBackupCommands } from "./db-backup.ts";
import { printNotice } from "./notice.ts";
import { printJson, printTable } from "./output.ts";
import { withStore } from "./with-store.ts";

interface DbFlags {
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp db status
  exp db upgrade
  psql "$(exp db url)"
  exp db stop`;

export function registerDbCommands(program: Command): void {
  const db = program
    .command("db")
    .description("The database: an embedded PostgreSQL of this home, or DATABASE_URL")
    .addHelpText("after", EXAMPLES);
  db.command("start")
    .description("Start it and bring its tables up to date")
    .option("--json", "one JSON object")
    .action(start);
  db.command("stop")
    .description("Stop the embedded server; the next exp command starts it again")
    .option("--json", "one JSON object")
    .action(stop);
  db.command("url")
    .description("Print its address, password included, for psql and other programs")
    .option("--json", "one JSON object")
    .action(printUrl);
  db.command("upgrade")
    .description(
      "Bring its tables up to date and say what changed; every other command but status does so too, silently",
    )
    .option("--json", "one JSON object")
    .action(upgrade);
  db.command("status")
    .description("Whether it runs, where, and what it holds; changes nothing")
    .option("--json", "one JSON object")
    .action(status);
  registerBackupCommands(db);
}

async function start(flags: DbFlags): Promise<void> {
  const { url, embedded } = await withStore((store) => Promise.resolve(store));
  const address = withoutPassword(url);
  if (flags.json) printJson({ type: "database", address, embedded });
  else process.stdout.write(`The database answers at ${address}\n`);
}

async function stop(flags: DbFlags): Promise<void> {
  const given = process.env["DATABASE_URL"];
  if (given)
    printNotice(`DATABASE_URL is set; its server is not ours to stop. This is about the embedded one of ${expHome()}.`);
  const stopped = await stopServer(expHome());
  if (flags.json) printJson({ type: "database", stopped });
  else
    process.stdout.write(
      stopped ? "The embedded PostgreSQL is stopped.\n" : "The embedded PostgreSQL was not running.\n",
    );
}

async function printUrl(flags: DbFlags): Promise<void> {
  const { url } = await withStore((store) => Promise.resolve(store));
  if (flags.json) printJson({ type: "database", url });
  else process.stdout.write(`${url}\n`);
}

async function status(flags: DbFlags): Promise<void> {
  const given = process.env["DATABASE_URL"];
  const url = given || (await findServer(expHome()));
  if (url === null) return tell({ running: false, home: expHome() }, flags);
  const store = await openStore({ upgrade: false });
  try {
    const pid = store.embedded ? serverPid(expHome()) : null;
    const { embedded, migrations } = store;
    const facts = { running: true, address: withoutPassword(store.url), embedded, pid, ...(await contents(store)) };
    tell({ ...facts, migrations: `${migrations.now} of ${knownMigrations.length}` }, flags);
  } finally {
    await store.close();
  }
}

/** What it holds; no counts where it has no tables yet. */
async function contents({ sql, migrations }: Store): Promise<Record<string, unknown>> {
  const [server] = await sql`
    select current_setting('server_version') as version, pg_database_size(current_database()) as bytes`;
  if (migrations.now === 0) return { ...server };
  const [counts] = await sql`
    select (select count(*) from runs) as runs, (select count(*) from runs where status = 'running') as running_now,
      (select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass('batches')) as batches_about`;
  return { ...server, ...counts };
}

async function upgrade(flags: DbFlags): Promise<void> {
  const store = await openStore();
  await store.close();
  const { before, now } = store.migrations;
  const applied = migrationNotes(before, now);
  if (flags.json) return printJson({ type: "upgrade", address: withoutPassword(store.url), before, now, applied });
  for (const { number, note } of applied) process.stdout.write(`${number}. ${note}\n`);
  process.stdout.write(
    applied.length === 0
      ? `The database is up to date: ${now} migrations.\n`
      : `${applied.length} migrations applied, ${now} in all.\n`,
  );
}

function tell(facts: Record<string, unknown>, flags: DbFlags): void {
  if (flags.json) return printJson({ type: "database", ...facts });
  printTable(
    ["", ""],
    Object.entries(facts).map(([name, value]) => [name.replaceAll("_", " "), String(value)]),
  );
}
