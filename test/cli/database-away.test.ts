// No database answers when a run begins: it trains, says where it is recorded, and everything is sent once the database is back.
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { findCluster } from "../../core/store/embedded/cluster.ts";
import { startServer, stopServer } from "../../core/store/embedded/server.ts";
import { createTestDatabase, removeHome, temporaryHome } from "../postgres.ts";
import { jsonLines, makeHome, type Finished, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

/** Of the database, whose server is stopped and started here. */
const server = temporaryHome();
let serverUrl: string;
let home: Home;
let env: { DATABASE_URL: string };

beforeAll(async () => {
  home = makeHome();
  home.write("tiny.ts", tinyExperiment({ seeds: [0, 1] }));
  home.write("long.ts", tinyExperiment({ name: "long", base: { ...TINY_SETTINGS, epochs: 30 } }));
  home.write(
    "child.ts",
    tinyExperiment({ name: "child", base: { ...TINY_SETTINGS, init: { kind: "run", run: "tiny/base/0" } } }),
  );
  const halving = {
    base: { ...TINY_SETTINGS, epochs: 4 },
    variants: { a: {}, b: { lr: 1e-2 } },
    halving: { factor: 2 },
  };
  home.write("halving.ts", tinyExperiment({ name: "halving", ...halving }));
  serverUrl = await startServer(server);
});
beforeEach(async () => {
  await databaseUp();
  env = { DATABASE_URL: await createTestDatabase(serverUrl) };
});
afterAll(async () => {
  await home.remove();
  await removeHome(server);
});

/** At the port that it had. */
async function databaseUp(): Promise<void> {
  expect(await startServer(server)).toBe(serverUrl);
}

const databaseDown = (): Promise<boolean> => stopServer(server);

const RUN = ["run", "--json", "--no-dashboard", "--threads", "1"];

interface Ended {
  readonly run: string;
  readonly seed: number;
  readonly status: string;
  readonly digest: string;
}

function ended({ code, stdout, stderr }: Finished): Ended[] {
  expect(code, stderr).toBe(0);
  return jsonLines(stdout).at(-1)?.["runs"] as Ended[];
}

const digests = (runs: readonly Ended[]): string[] => runs.map(({ digest }) => digest);

function spools(): string[] {
  const folder = join(home.folder, ".exp", "spool");
  return existsSync(folder) ? readdirSync(folder) : [];
}

async function sql(query: string): Promise<Record<string, unknown>[]> {
  return jsonLines((await home.exp(["sql", query, "--json"], env)).stdout);
}

/** What differs between two recordings of the same training: clocks, numbers that come from them, and ids that are drawn. */
const OTHERWISE = /(^|_)at$|^(run_id|owner|seq|status_seq|best_seq|duration_ms|images_per_second|path|artifact_id)$/;

/** Rows of every table, as text, without what differs. */
async function allRows(url: string): Promise<Record<string, string[]>> {
  const db = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    const tables = await db<{ name: string }[]>`
      select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name`;
    const entries = await Promise.all(
      tables.map(async ({ name }) => {
        const rows = await db`select * from ${db(name)}`;
        const told = rows.filter((row) => !String(row["name"]).startsWith("system/")); // sampled by the clock
        return [name, told.map(comparable).sort()] as const;
      }),
    );
    return Object.fromEntries(entries);
  } finally {
    await db.end();
  }
}

function comparable(row: Record<string, unknown>): string {
  const kept = Object.entries(row).filter(([name]) => !OTHERWISE.test(name));
  return JSON.stringify(kept, (key, value: unknown) =>
    key === "database" ? undefined : typeof value === "string" ? value.replace(/[0-9.]+ images\/s/, "") : value,
  );
}

it("down throughout, then flushed by two processes: the rows are those of runs recorded with the database there", async () => {
  const there = ended(await home.exp([...RUN, "tiny.ts"], env));
  const expected = await allRows(env.DATABASE_URL);
  env = { DATABASE_URL: await createTestDatabase(serverUrl) };
  await databaseDown();
  const finished = await home.exp([...RUN, "tiny.ts"], env);
  const away = ended(finished);
  expect(away.map(({ status }) => status)).toEqual(["done", "done"]);
  expect(digests(away)).toEqual(digests(there));
  expect(finished.stderr).toMatch(/No database answers at postgres:\S+ \(ECONNREFUSED\)\. Training goes on without it/);
  expect(finished.stderr).toContain(join(home.folder, ".exp", "spool"));
  expect(finished.stderr).toMatch(/2 runs wait in .*exp spool flush/);
  const waiting = jsonLines((await home.exp(["spool", "status", "--json"], env)).stdout);
  expect(waiting.map(({ name }) => name)).toEqual(["tiny/base/0", "tiny/base/1"]);
  const early = await home.exp(["spool", "flush"], env);
  expect([early.code, early.stderr]).toEqual([1, expect.stringContaining("No database answers")]);

  await databaseUp();
  const flushes = await Promise.all([1, 2].map(() => home.exp(["spool", "flush"], env)));
  expect(flushes.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ""],
    [0, ""],
  ]);
  expect(spools()).toEqual([]);
  expect(await allRows(env.DATABASE_URL)).toEqual(expected);
  const verified = await home.exp(["verify", away[0]!.run], env);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  const again = await home.exp([...RUN, "tiny.ts", "--seed", "0"], env); // a finished sweep, as ever: new runs
  expect(digests(ended(again))).toEqual([there[0]!.digest]);
});

it("down at the start, up in the middle: the process itself sends, and a run of the same name elsewhere is joined", async () => {
  ended(await home.exp([...RUN, "long.ts", "--set", "epochs=1"], env)); // by "another machine"
  await databaseDown();
  const started = home.start([...RUN, "long.ts"], env);
  await started.seen(/epoch 2\/30/);
  await databaseUp();
  await started.seen(/The database is back/);
  const [row] = await sql("select experiment, owner is not null as owned from runs where epochs = 30");
  expect(row).toEqual({ experiment: "long", owned: true });
  const [run] = ended(await started.finished);
  expect(spools()).toEqual([]);
  const [counts] =
    await sql(`select (select count(*) from experiments) as experiments, (select count(*) from datasets) as datasets,
    (select digest from runs where run_id = '${run!.run}') as digest,
    (select count(*) from epochs where run_id = '${run!.run}' and phase = 'train') as epochs`);
  expect(counts).toEqual({ experiments: 1, datasets: 1, digest: run!.digest, epochs: 30 });
});

it("killed with SIGKILL meanwhile: the next command sends what was recorded, and resume ends with the same digest", async () => {
  await databaseDown();
  const started = home.start([...RUN, "long.ts", "--set", "epochs=12"], env);
  await started.seen(/epoch 3\/12/);
  started.child.kill("SIGKILL");
  await started.finished;
  await databaseUp();
  const other = { DATABASE_URL: await createTestDatabase(serverUrl) };
  const elsewhere = await home.exp(["runs", "--json"], other);
  expect(elsewhere.stdout).toBe("");
  expect(elsewhere.stderr).toContain("The spool holds events for the database");
  const [lost] = jsonLines((await home.exp(["runs", "--json"], env)).stdout) as unknown as Ended[];
  expect(lost?.status).toBe("lost");
  expect(spools()).toEqual([]);
  const [resumed] = ended(await home.exp(["resume", lost!.run, "--json"], env));
  const [undisturbed] = ended(await home.exp([...RUN, "long.ts", "--set", "epochs=12", "--fresh"], env));
  expect(resumed!.digest).toBe(undisturbed!.digest);
});

it("what must ask the database is refused, and a server that answers with a refusal stays an error", async () => {
  const wrong = { DATABASE_URL: env.DATABASE_URL.replace(/:[^:@/]*@/, ":wrong@") };
  const refused = await home.exp([...RUN, "tiny.ts"], wrong);
  expect([refused.code, refused.stderr]).toEqual([1, expect.not.stringContaining("goes on without")]);
  expect(jsonLines(refused.stdout)[0]).toMatchObject({
    code: "database",
    message: expect.stringContaining("login") as string,
  });
  ended(await home.exp([...RUN, "tiny.ts", "--seed", "0"], env));
  const db = postgres(env.DATABASE_URL, { max: 1 });
  await db`insert into lockstep_migrations (number, hash) select max(number) + 1, 'of a later version' from lockstep_migrations`;
  await db.end();
  const newer = await home.exp([...RUN, "tiny.ts"], env);
  expect(jsonLines(newer.stdout)[0]).toMatchObject({ message: expect.stringContaining("another version") as string });

  await databaseDown();
  const commands: [string[], string][] = [
    [[...RUN, "tiny.ts", "--queue"], "the queue is in the database"],
    [[...RUN, "tiny.ts", "--retry", "failed"], "which runs failed"],
    [[...RUN, "halving.ts"], "has halving"],
    [[...RUN, "child.ts"], "starts from run tiny/base/0"],
    [["resume", "tiny/base/0", "--json"], "No database answers"],
  ];
  const finished = await Promise.all(commands.map(([args]) => home.exp(args, env)));
  for (const [index, { code, stdout }] of finished.entries()) {
    expect(code).toBe(1);
    expect(jsonLines(stdout)[0]).toMatchObject({
      code: "database",
      message: expect.stringContaining(commands[index]![1]) as string,
    });
  }
  expect(spools()).toEqual([]);
});

it("an embedded server that does not start: the run is recorded, and sent once it starts", async () => {
  const own = makeHome();
  try {
    own.write("tiny.ts", tinyExperiment());
    expect((await own.exp(["db", "start"])).code).toBe(0);
    await own.exp(["db", "stop"]);
    const control = join(findCluster(join(own.folder, ".exp"))!.place, "data", "global", "pg_control");
    renameSync(control, `${control}.away`);
    const finished = await own.exp([...RUN, "tiny.ts"]);
    expect(finished.stderr).toMatch(/The embedded PostgreSQL does not start\. .* Training goes on without it/);
    const [run] = ended(finished);
    renameSync(`${control}.away`, control);
    const [stored] = jsonLines((await own.exp(["runs", "--json"])).stdout);
    expect(stored).toMatchObject({ run: run!.run, status: "done", digest: run!.digest });
  } finally {
    await own.remove();
  }
});
