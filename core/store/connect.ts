// The way to Postgres: DATABASE_URL, or the home's own embedded server, started when needed. The database is brought up to date.
import postgres, { type Sql } from "postgres";
import { LockstepError } from "../errors.ts";
import { expHome } from "../home.ts";
import { connectionError, withoutPassword } from "./connection-error.ts";
import { startServer } from "./embedded/server.ts";
import { migrate } from "./migrate.ts";
import { socketFactory } from "./socket.ts";

export interface Store {
  /** postgres.js; timestamps come as Date, bigint and numeric as number. Take it anew for each use: `revive` may replace it. */
  readonly sql: Sql;
  /** With its password; print `withoutPassword(url)`. */
  readonly url: string;
  readonly embedded: boolean;
  /** After a lost connection: starts the embedded server again if it is gone. @throws LockstepError "database" */
  revive(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Default: DATABASE_URL; where that is unset too, the embedded server of the home. */
  readonly databaseUrl?: string;
  /** Default: EXP_HOME. */
  readonly home?: string;
}

const CONNECT_TIMEOUT_S = 5;
const OLDEST_SERVER = 14;

/** @throws LockstepError "database" when it does not answer, refuses the login, is too old or too new */
export async function openStore({ databaseUrl, home = expHome() }: StoreOptions = {}): Promise<Store> {
  const given = databaseUrl ?? (process.env["DATABASE_URL"] || null);
  let url = given ?? (await startServer(home));
  let sql = connect(url, given === null);
  try {
    await checkServer(sql);
    await migrate(sql);
  } catch (error) {
    await sql.end({ timeout: 1 });
    throw connectionError(error, url);
  }
  return {
    get sql() {
      return sql;
    },
    get url() {
      return url;
    },
    embedded: given === null,
    async revive() {
      const current = given ?? (await startServer(home));
      if (current === url) return;
      await sql.end({ timeout: 1 });
      url = current;
      sql = connect(url, true);
    },
    close: () => sql.end({ timeout: 5 }),
  };
}

/** A URL's server may be PgBouncer in transaction mode, which knows no prepared statements. */
function connect(url: string, embedded: boolean): Sql {
  try {
    return postgres(url, {
      max: 4,
      prepare: embedded,
      connect_timeout: CONNECT_TIMEOUT_S,
      idle_timeout: 60,
      max_lifetime: null,
      onnotice: () => undefined,
      connection: { application_name: "lockstep" },
      ...({ socket: socketFactory() } as object), // missing in its types
      types: { number: { to: 20, from: [20, 1700], serialize: String, parse: parseNumber } },
    });
  } catch (error) {
    throw new LockstepError({
      code: "database",
      message: `DATABASE_URL is "${withoutPassword(url)}", which is no address of a PostgreSQL server.`,
      next: "Expected postgres://user:password@host:5432/database.",
      cause: error,
    });
  }
}

/** bigint and numeric as numbers; text where a double cannot hold an integer exactly. */
function parseNumber(text: string): number | string {
  const value = Number(text);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value;
}

async function checkServer(sql: Sql): Promise<void> {
  const [row] = await sql<{ version: number; schema: string | null; path: string }[]>`
    select current_setting('server_version_num')::int as version, current_schema() as schema,
      current_setting('search_path') as path`;
  const major = Math.floor((row?.version ?? 0) / 10_000);
  if (major < OLDEST_SERVER) {
    throw new LockstepError({
      code: "database",
      message: `The database is PostgreSQL ${major}; Lockstep needs ${OLDEST_SERVER} or later.`,
      next: "Update it, or unset DATABASE_URL to use the embedded server.",
    });
  }
  if (row?.schema === null) await sql`create schema if not exists ${sql(firstSchema(row.path))}`;
}

/** The schema that `?search_path=lab,public` asks for. */
function firstSchema(path: string): string {
  return (path.split(",")[0] ?? "").trim().replace(/^"(.*)"$/, "$1");
}
