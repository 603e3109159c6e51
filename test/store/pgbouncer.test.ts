// Behind PgBouncer in transaction mode, where two statements may run in different sessions: a run, a query, the dashboard, another schema.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openStore } from "../../core/store/index.ts";
import { createApp } from "../../dashboard/app.ts";
import { makeHome, type Home } from "../cli/exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "../cli/tiny-experiment.ts";
import { createTestDatabase } from "../postgres.ts";

const PROGRAM = "/usr/sbin/pgbouncer";
/** It refuses to run as root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const present = spawnSync(PROGRAM, ["--version"]).status === 0;

describe.skipIf(!present)(`behind PgBouncer${present ? "" : ` (skipped: ${PROGRAM} is not installed)`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-pgbouncer-"));
  let bouncer: ChildProcess;
  let direct: string;
  let url: string;
  let home: Home;

  beforeAll(async () => {
    direct = await createTestDatabase(inject("postgresUrl"));
    const port = await freePort();
    url = direct.replace(/:\d+\//, `:${port}/`);
    bouncer = startBouncer(folder, direct, port);
    home = makeHome();
    home.write("tiny.ts", tinyExperiment({ base: { ...TINY_SETTINGS, epochs: 1 } }));
    await answers(url);
  });
  afterAll(async () => {
    await home.remove();
    bouncer.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a run is recorded whole, and exp sql and the dashboard answer", async () => {
    const env = { DATABASE_URL: url };
    const { code, stderr } = await home.exp(["run", "tiny.ts", "--json", "--no-dashboard", "--threads", "1"], env);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const asked = await home.exp(["sql", "select count(*) from v_runs where status = 'done'", "--json"], env);
    expect(asked).toMatchObject({ code: 0, stdout: '{"count":1}\n' });
    const store = await openStore({ databaseUrl: url });
    const app = createApp({ store, home: folder });
    const pages = await Promise.all(Array.from({ length: 8 }, async () => app.request("/")));
    expect(pages.map((page) => page.status)).toEqual(pages.map(() => 200));
    const rows = await app.request("/api/v1/sql?q=select+experiment+from+v_runs");
    expect(await rows.json()).toMatchObject({ rows: [["tiny"]] });
    await store.close();
  }, 120_000);

  test("many questions at once, with and without parameters, are all answered", async () => {
    const store = await openStore({ databaseUrl: url });
    const { sql } = store;
    for (let round = 0; round < 100; round++) {
      const asked = Array.from({ length: 30 }, (_, i) =>
        i % 3 === 0 ? sql`select 7 as i` : sql`select ${i}::int as i`,
      );
      const rows = (await Promise.all(asked)).map(([row]) => row?.["i"] as number);
      expect(rows).toEqual(rows.map((_, i) => (i % 3 === 0 ? 7 : i)));
    }
    await expect(sql`select ${0}::int / 0`).rejects.toThrow("division by zero");
    await store.close();
  });

  test("another schema is set for the user in the database; until then it is refused in one line", async () => {
    await expect(openStore({ databaseUrl: `${url}?schema=lab` })).rejects.toThrow(
      /asks for the schema "lab", but the connection's search_path/,
    );
    const { username, pathname } = new URL(direct);
    const owner = postgres(direct, { max: 1, onnotice: () => undefined });
    await owner.unsafe(`alter role ${username} in database ${pathname.slice(1)} set search_path = lab`);
    const bouncerConsole = postgres(url.replace(/[^/]*$/, "pgbouncer"), { max: 1, fetch_types: false });
    await bouncerConsole.unsafe("reconnect").simple(); // sessions that it holds open have the old search_path
    await bouncerConsole.end();
    await sleep(200);
    const store = await openStore({ databaseUrl: `${url}?schema=lab` });
    expect(await store.sql`select current_schema() as schema, count(*) as runs from runs`).toEqual([
      { schema: "lab", runs: 0 },
    ]);
    await store.close();
    await owner.unsafe(`alter role ${username} in database ${pathname.slice(1)} reset search_path`);
    await owner.end();
  });
});

/** As docs/database.md tells it. */
function startBouncer(folder: string, direct: string, port: number): ChildProcess {
  const { hostname, port: serverPort, username, password } = new URL(direct);
  writeFileSync(join(folder, "users.txt"), `"${username}" "${password}"\n`);
  writeFileSync(
    join(folder, "pgbouncer.ini"),
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, "users.txt")}
admin_users = ${username}
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = search_path
`,
  );
  chmodSync(folder, 0o755);
  return spawn(PROGRAM, [join(folder, "pgbouncer.ini")], { ...NOBODY, stdio: "ignore", cwd: "/" });
}

async function answers(url: string): Promise<void> {
  for (let time = 0; ; time++) {
    const sql = postgres(url, { max: 1, prepare: false, fetch_types: false });
    try {
      return void (await sql`select 1`);
    } catch (error) {
      if (time === 50) throw error;
      await sleep(100);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}
