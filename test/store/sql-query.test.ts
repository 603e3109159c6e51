// A user's own SQL, on the embedded server and on a server of the user's own: it reads, within its limits, and no trick gets further.
import { existsSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createRun, openStore, type Store } from "../../core/store/index.ts";
import { runQuery } from "../../core/store/sql-query.ts";
import { runReadOnly } from "../../dashboard/queries/read-only.ts";
import { createTestDatabase } from "../postgres.ts";
import { TRICKS } from "./query-tricks.ts";
import { newRun } from "./sample-run.ts";

const mark = `/tmp/lockstep-query-mark-${process.pid}`;
const stores = new Map<string, Store>();
let admin: postgres.Sql;
const logins: string[] = [];

beforeAll(async () => {
  delete process.env["DATABASE_URL"]; // the first store is the embedded one
  const server = inject("postgresUrl");
  admin = postgres(server, { onnotice: () => undefined });
  stores.set("the embedded server", await openStore({ home: inject("postgresHome") }));
  stores.set("DATABASE_URL of a superuser", await openStore({ databaseUrl: await createTestDatabase(server) }));
  stores.set("DATABASE_URL of a plain login", await openStore({ databaseUrl: await plainDatabase({ reader: false }) }));
  stores.set(
    "DATABASE_URL of a reader's member",
    await openStore({ databaseUrl: await plainDatabase({ reader: true }) }),
  );
  for (const store of stores.values()) await createRun(store, newRun());
});

afterAll(async () => {
  for (const store of stores.values()) await store.close();
  for (const login of logins) {
    await admin.unsafe(`drop database ${login} with (force)`);
    await admin.unsafe(`drop role ${login}`);
  }
  await admin.end();
});

/** A database that belongs to a login without any right over the server. */
async function plainDatabase({ reader }: { reader: boolean }): Promise<string> {
  const name = `plain_${process.pid}_${logins.length}`;
  logins.push(name);
  await admin.unsafe(`create role ${name} login password 'plain'`);
  if (reader) await admin.unsafe(`grant lockstep_reader to ${name}`);
  await admin.unsafe(`create database ${name} owner ${name}`);
  const url = new URL(inject("postgresUrl"));
  return `postgres://${name}:plain@${url.host}/${name}`;
}

async function ask(store: Store, text: string): Promise<unknown[][]> {
  const answer: unknown[][] = [];
  await runQuery(store, { text, onRows: ({ rows }) => answer.push(...rows.map((row) => [...row])) });
  return answer;
}

const ROLES: Record<string, RegExp> = {
  "the embedded server": /^lockstep_query$/,
  "DATABASE_URL of a superuser": /^lockstep_reader$/,
  "DATABASE_URL of a plain login": /^plain_/,
  "DATABASE_URL of a reader's member": /^lockstep_reader$/,
};

describe.each(Object.keys(ROLES))("on %s", (place) => {
  test("it reads views and tables, explains itself and shows settings", async () => {
    const store = stores.get(place)!;
    expect(String((await ask(store, "select current_user::text"))[0]![0])).toMatch(ROLES[place]!);
    expect(await ask(store, "-- a comment\n /* a /* nested */ one */ (select variant from v_runs)")).not.toEqual([]);
    expect(await ask(store, "with a as (select 1 as x) select x + 1 from a;")).toEqual([[2]]);
    expect(await ask(store, "values (1), (2)")).toEqual([[1], [2]]);
    expect(await ask(store, "show transaction_read_only")).toEqual([["on"]]);
    expect((await ask(store, "explain select * from runs")).length).toBeGreaterThan(0);
    expect(await ask(store, "table projects")).not.toEqual([]);
  });

  test.each(TRICKS)("refused: %s", async (trick) => {
    const store = stores.get(place)!;
    const text = trick.replaceAll("MARK", mark);
    const outcome = await ask(store, text).catch((error: Error) => error);
    const answered = await runReadOnly(store, text).catch((error: Error) => error);
    for (const one of [outcome, answered]) if (one instanceof Error) expect(one.message).toMatch(/^sql: /);
    // On the embedded server a question may be answered that changes nothing: no rows of other sessions, say.
    if (!store.embedded) expect([outcome, answered].every((one) => one instanceof Error)).toBe(true);
    expect(JSON.stringify(outcome)).not.toMatch(/SCRAM|"18|<pg_read_file>/);
    expect(existsSync(mark)).toBe(false);
    expect(await store.sql`select (select count(*) from runs) >= 1 as kept, to_regclass('stolen') as stolen`).toEqual([
      { kept: true, stolen: null },
    ]);
  });

  test("what a statement sets or locks is gone after it", async () => {
    const store = stores.get(place)!;
    if (!store.embedded) return;
    await ask(
      store,
      "select set_config('search_path', 'nowhere', false), pg_advisory_lock(7), set_config('transaction_read_only', 'on', false)",
    );
    for (let time = 0; time < 5; time++) expect(await ask(store, "select count(*) > 0 from v_runs")).toEqual([[true]]);
    expect(await admin`select from pg_locks where locktype = 'advisory' and objid = 7`).toHaveLength(0);
  });

  test("the time and the rows are limited, and the next question is answered", async () => {
    const store = stores.get(place)!;
    const limits = { rows: 10, milliseconds: 300 };
    const slow = { text: "select pg_sleep(30)", limits, onRows: () => undefined };
    await expect(runQuery(store, slow)).rejects.toThrow(/statement timeout/);
    const many = { ...slow, text: "select generate_series(1, 1000000)" };
    expect(await runQuery(store, many)).toBe(10);
    expect(await ask(store, "select 1")).toEqual([[1]]);
  });
});

test("only --write writes, one statement", async () => {
  const store = stores.get("the embedded server")!;
  const text = "update runs set note = 'by hand'";
  await expect(ask(store, text)).rejects.toThrow("begins with UPDATE");
  expect(await runQuery(store, { text, write: true, onRows: () => undefined })).toBe(1);
});

test("the password of the login of queries is not the owner's", async () => {
  const { queryUrl } = await import("../../core/store/query-login.ts");
  const owner = new URL(inject("postgresUrl"));
  expect(queryUrl(owner.href)).not.toContain(owner.password);
  expect(join("/", new URL(queryUrl(owner.href)).pathname)).toBe(owner.pathname);
});
