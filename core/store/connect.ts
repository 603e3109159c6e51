// The way to Postgres: DATABASE_URL, or the home's own embedded server, started when needed. The database is brought up to date.
import postgres, { type Sql } from "postgres";
import { LockstepError } from "../errors.ts";
import { expHome } from "../home.ts";
import { databaseName, readAddress } from "./address.ts";
import { connectionError, withoutPassword, type DatabaseAway } from "./connection-error.ts";
import { startServer } from "./embedded/server.ts";
import { countMigrations, migrate, type Migrated } from "./migrate.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { makeQueryLogin, queryUrl } from "./query-login.ts";
import { withSafeTransactions } from "./safe-transaction.ts";
import { socketFactory, type SocketAddress } from "./socket.ts";

export interface Store {
  /** postgres.js; timestamps come as Date, bigint and numeric as number. Take it anew for each use: `revive` may replace it. */
  readonly sql: Sql;
  /** With its password; print `withoutPassword(url)`. */
  readonly url: string;
  /** Which database it is, the same wherever it listens meanwhile: "embedded", or host:port/database. */
  readonly name: string;
  /** Why no database answers yet: then all that needs it throws this. Null: it has answered. */
  readonly away: DatabaseAway | null;
  readonly embedded: boolean;
  /** How many the database had when it was opened, and has now. */
  readonly migrations: Migrated;
  /** For SQL of a user's own: on the embedded server a connection under a login that can only read, elsewhere `sql`. */
  querySql(): Promise<Sql>;
  /** After a lost connection: starts the embedded server again if it is gone, opens what was away. @throws LockstepError "database" */
  revive(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Default: DATABASE_URL; where that is unset too, the embedded server of the home. */
  readonly databaseUrl?: string;
  /** Default: EXP_HOME. */
  readonly home?: string;
  /** Whether its tables are brought up to date; default true. */
  readonly upgrade?: boolean;
}

const CONNECT_TIMEOUT_S = 5;
const OLDEST_SERVER = 14;
const EMBEDDED = "embedded";

/** @throws LockstepError "database" when it does not answer, refuses the login, is too old or too new */
export async function openStore({ databaseUrl, home = expHome(), upgrade = true }: StoreOptions = {}): Promise<Store> {
  const given = givenUrl(databaseUrl);
  let url = given ?? (await startServer(home));
  let sql = connect(url, given === null);
  let queries: Promise<Sql> | null = null;
  let migrations: Migrated;
  try {
    const missing = await checkServer(sql, readAddress(url).schema);
    if (upgrade && missing !== null) await sql`create schema if not exists ${sql(missing)}`;
    migrations = upgrade ? await migrate(sql) : unchanged(await countMigrations(sql));
  } catch (error) {
    await sql.end({ timeout: 1 });
    throw connectionError(error, url);
  }
  const closeAll = async (timeout: number): Promise<void> => {
    const opened = await queries?.catch(() => null);
    queries = null;
    await Promise.all([sql.end({ timeout }), opened?.end({ timeout })]);
  };
  return {
    get sql() {
      return sql;
    },
    get url() {
      return url;
    },
    name: storeName({ databaseUrl }),
    away: null,
    embedded: given === null,
    migrations,
    querySql() {
      if (given !== null) return Promise.resolve(sql);
      queries ??= connectQueries(sql, url);
      queries.catch(() => (queries = null)); // the next question tries again
      return queries;
    },
    async revive() {
      const current = given ?? (await startServer(home));
      if (current === url) return;
      await closeAll(1);
      url = current;
      sql = connect(url, true);
    },
    close: () => closeAll(5),
  };
}

/** The `name` of the store that these options open. */
export function storeName({ databaseUrl }: StoreOptions = {}): string {
  const given = givenUrl(databaseUrl);
  return given === null ? EMBEDDED : databaseName(given);
}

/** Null: the embedded server. */
function givenUrl(databaseUrl: string | undefined): string | null {
  return databaseUrl ?? (process.env["DATABASE_URL"] || null);
}

async function connectQueries(owner: Sql, ownerUrl: string): Promise<Sql> {
  await makeQueryLogin(owner, ownerUrl);
  return connect(queryUrl(ownerUrl), false);
}

/** A URL's server may be PgBouncer in transaction mode, which knows no prepared statements and loses answers to questions sent ahead. */
function connect(given: string, embedded: boolean): Sql {
  const { url, tls } = readAddress(given);
  const open = socketFactory(tls);
  const socket = embedded ? open : async (address: SocketAddress) => oneAtATime(await open(address));
  try {
    const sql = postgres(url, {
      max: 4,
      prepare: embedded,
      connect_timeout: CONNECT_TIMEOUT_S,
      idle_timeout: 60,
      max_lifetime: null,
      onnotice: () => undefined,
      connection: { application_name: "lockstep" },
      ...({ socket } as object), // missing in its types
      types: { number: { to: 20, from: [20, 1700], serialize: String, parse: parseNumber } },
    });
    return withSafeTransactions(sql);
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

const unchanged = (count: number): Migrated => ({ before: count, now: count });

/** @returns the schema that has to be made, if any */
async function checkServer(sql: Sql, schema: string | null): Promise<string | null> {
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
  if (schema !== null && firstSchema(row?.path ?? "") !== schema) throw noSuchPath(schema);
  return row?.schema === null ? firstSchema(row.path) : null;
}

/** A pooler may leave search_path out, and the tables would land in another schema. */
function noSuchPath(schema: string): LockstepError {
  return new LockstepError({
    code: "database",
    message: `DATABASE_URL asks for the schema "${schema}", but the connection's search_path does not begin with it.`,
    next: `Behind PgBouncer, set it once for the user: alter role USER in database DATABASE set search_path = "${schema}".`,
  });
}

/** The schema that `?search_path=lab,public` asks for. */
function firstSchema(path: string): string {
  return (path.split(",")[0] ?? "")
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .replaceAll('""', '"');
}
