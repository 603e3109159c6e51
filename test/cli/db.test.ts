// exp db upgrade and status on a server of the user's own: two processes at once on an empty database, what changed, a newer one refused.
import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { applyMigrations, knownMigrations } from "../../core/store/migrate.ts";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { tinyExperiment } from "./tiny-experiment.ts";

const count = knownMigrations.length;
let home: Home;
let env: { DATABASE_URL: string };
let sql: postgres.Sql;
beforeAll(async () => {
  home = makeHome();
  home.write("tiny.ts", tinyExperiment());
  env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  sql = postgres(env.DATABASE_URL, { max: 1, onnotice: () => undefined });
});
afterAll(async () => {
  await sql.end();
  await home.remove();
});

it("status makes no tables; two upgrades at once apply each migration once", async () => {
  const before = await home.exp(["db", "status", "--json"], env);
  expect(jsonLines(before.stdout)[0]).toMatchObject({ running: true, migrations: `0 of ${count}` });
  expect(await sql`select from pg_class where relnamespace = current_schema()::regnamespace`).toHaveLength(0);
  const upgrades = await Promise.all([1, 2].map(() => home.exp(["db", "upgrade", "--json"], env)));
  expect(upgrades.map(({ code }) => code)).toEqual([0, 0]);
  const applied = upgrades.map(({ stdout }) => (jsonLines(stdout)[0]!["applied"] as unknown[]).length);
  expect(applied.toSorted((a, b) => a - b)).toEqual([0, count]);
  expect(await sql`select count(*)::int from lockstep_migrations`).toEqual([{ count }]);
});

it("an upgrade says what each migration changes", async () => {
  const older = await createTestDatabase(inject("postgresUrl"));
  const owner = postgres(older, { max: 1, onnotice: () => undefined });
  await owner.begin((transaction) => applyMigrations(transaction, 0, 7));
  await owner.end();
  const { stdout } = await home.exp(["db", "upgrade"], { DATABASE_URL: older });
  expect(stdout).toMatch(
    /^8\. Successive halving: runs that pause at a rung, .*\n9\. What a run's data held that is wrong/,
  );
  expect(stdout).toContain(`${count - 7} migrations applied, ${count} in all.\n`);
});

it("a database of a newer Lockstep is refused by every command in one line, and stays as it is", async () => {
  await sql`insert into lockstep_migrations (number, hash) values (${count + 1}, 'later')`;
  const commands = [["db", "status"], ["db", "upgrade"], ["sql", "select 1"], ["runs"], ["run", "tiny.ts"]];
  for (const { code, stderr } of await Promise.all(commands.map(async (args) => home.exp(args, env)))) {
    expect(code).toBe(1);
    expect(stderr).toMatch(/changed by another version of Lockstep: its migration \d+ of \d+ is unknown here/);
  }
  expect(await sql`select count(*)::int from lockstep_migrations`).toEqual([{ count: count + 1 }]);
});
