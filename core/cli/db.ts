// exp db: the embedded server of this home.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { openReadyStore, withoutPassword } from "../store/index.ts";
import { findServer, serverPid, stopServer } from "../store/embedded/server.ts";
import { registerBackupCommands } from "./db-backup.ts";
import { printNotice } from "./notice.ts";
import { printJson, printTable } from "./output.ts";

interface DbFlags {
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp db status
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
  db.command("status")
    .description("Whether it runs, where, and what it holds")
    .option("--json", "one JSON object")
    .action(status);
  registerBackupCommands(db);
}

async function start(flags: DbFlags): Promise<void> {
  const store = await openReadyStore({}, printNotice);
  await store.close();
  const address = withoutPassword(store.url);
  if (flags.json) printJson({ type: "database", address, embedded: store.embedded });
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
  const store = await openReadyStore({}, printNotice);
  await store.close();
  if (flags.json) printJson({ type: "database", url: store.url });
  else process.stdout.write(`${store.url}\n`);
}

async function status(flags: DbFlags): Promise<void> {
  const given = process.env["DATABASE_URL"];
  const url = given || (await findServer(expHome()));
  if (url === null) return tell({ running: false, home: expHome() }, flags);
  const store = await openReadyStore({}, printNotice);
  try {
    const [counts] = await store.sql`
      select current_setting('server_version') as version, pg_database_size(current_database()) as bytes,
        (select count(*) from runs) as runs, (select count(*) from runs where status = 'running') as running_now,
        (select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass('batches')) as batches_about`;
    const pid = store.embedded ? serverPid(expHome()) : null;
    tell({ running: true, address: withoutPassword(store.url), embedded: store.embedded, pid, ...counts }, flags);
  } finally {
    await store.close();
  }
}

function tell(facts: Record<string, unknown>, flags: DbFlags): void {
  if (flags.json) return printJson({ type: "database", ...facts });
  printTable(
    ["", ""],
    Object.entries(facts).map(([name, value]) => [name.replaceAll("_", " "), String(value)]),
  );
}
