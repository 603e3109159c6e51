// Names that would like to be something else: logged over HTTP, imported from CSV, set by people. They are stored and shown as text, or
// refused in one line; no page runs them, and no table is gone.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { readForeign, storeImported } from "../../core/doors/index.ts";
import { openStore, type Store } from "../../core/store/index.ts";
import { createApp } from "../../dashboard/app.ts";
import { trackerToken } from "../../dashboard/tracking/token.ts";
import { TrackedRuns } from "../../dashboard/tracking/tracked-runs.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";

const HOSTILE = [
  "'; drop table runs; --",
  '"><script>alert(1)</script>',
  "<img src=x onerror=alert(1)>",
  "${process.exit()}",
  "\u202etxt.exe\u202c",
  "../../etc/passwd",
  "nul\0here",
  "half \ud800 a pair",
  '{"}\\,{',
  "=cmd|'/c calc'!A1",
];

const home = temporaryHome();
let store: Store;
let tracked: TrackedRuns;
let app: ReturnType<typeof createApp>;
beforeAll(async () => {
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")), home });
  tracked = new TrackedRuns({ store, home });
  app = createApp({ store, home, tracked });
});
afterAll(async () => {
  await tracked.close();
  await store.close();
  rmSync(home, { recursive: true });
});

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, string> }> {
  const headers = { authorization: `Bearer ${trackerToken(home)}`, "content-type": "application/json" };
  const answer = await app.request(`/api/v1/runs${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

/** As the database holds it. */
const stored = (text: string): string => text.replaceAll("\0", "\u2400").replace("\ud800", "\ufffd");

async function page(path: string): Promise<string> {
  const answer = await app.request(path);
  const html = await answer.text();
  expect([path, answer.status]).toEqual([path, 200]);
  expect(html).not.toMatch(/<script>alert|<img src=x/);
  return html;
}

it.each(HOSTILE)("%j over HTTP is stored as text, and every page of the run shows it as text", async (text) => {
  const about = {
    project: text,
    experiment: text,
    variant: text,
    name: text,
    note: text,
    tags: [text],
    config: { [text]: text },
  };
  const { status, body } = await post("", about);
  expect([status, body["message"]]).toEqual([201, undefined]);
  const run = body["run"]!;
  expect((await post(`/${run}/log`, { values: { [text]: 0.5 }, step: 1 })).status).toBe(201);
  expect((await post(`/${run}/text`, { text })).status).toBe(201);
  expect((await post(`/${run}/tables`, { name: text, rows: [{ [text]: text }] })).status).toBe(201);
  expect((await post(`/${run}/finish`, {})).status).toBe(201);
  const [row] = await store.sql`select experiment, variant, name, note, tags from v_runs where run_id = ${run}`;
  expect(row).toMatchObject({
    experiment: stored(text),
    variant: stored(text),
    name: stored(text),
    tags: [stored(text)],
  });
  const [metric] = await store.sql`select name, value from v_metrics where run_id = ${run}`;
  expect(metric).toMatchObject({ name: stored(text), value: 0.5 });
  for (const path of ["", "/config", "/log", "/artifacts"]) await page(`/runs/${run}${path}`);
  for (const path of ["/", "/runs", `/compare?runs=${run}`]) await page(path);
});

it("10,000 characters are refused as a name and kept as a note", async () => {
  const long = "x".repeat(10_000);
  for (const about of [{ experiment: long }, { experiment: "a", variant: long }, { experiment: "a", project: long }])
    expect(await post("", about)).toMatchObject({ status: 400, body: { code: "usage" } });
  const { status, body } = await post("", { experiment: "long", note: long });
  expect(status).toBe(201);
  const run = body["run"]!;
  expect(await post(`/${run}/log`, { values: { [long]: 1 } })).toMatchObject({ status: 400 });
  expect((await post(`/${run}/log`, { values: { loss: 1 } })).status).toBe(201);
  await post(`/${run}/finish`, {});
  await page(`/runs/${run}`);
});

it("a NUL and what looks like it are one name: the later value of a step counts", async () => {
  const { body } = await post("", { experiment: "two names" });
  const run = body["run"]!;
  await post(`/${run}/log`, { values: { "a\0": 1, "a\u2400": 2 }, step: 1 });
  expect((await post(`/${run}/finish`, {})).body).toMatchObject({ stored: true });
  expect(await store.sql`select name, value from v_metrics where run_id = ${run}`).toMatchObject([
    { name: "a\u2400", value: 2 },
  ]);
});

it("a CSV file's names are text too, and one that is too long is refused by name", async () => {
  const options = { project: "default", experiment: "from csv", notice: () => undefined };
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const path = join(home, "hostile.csv");
  writeFileSync(
    path,
    ["run,metric,step,value", ...HOSTILE.map((text) => `${cell(text)},${cell(text)},1,0.5`)].join("\n"),
  );
  const runs = await readForeign(path, null, options);
  for (const run of runs) await storeImported(store, run);
  const rows = await store.sql<{ variant: string; name: string }[]>`
    select r.variant, m.name from v_metrics m join v_runs r using (run_id) where r.experiment = 'from csv'`;
  expect(rows.map(({ variant, name }) => [variant, name]).sort()).toEqual(
    HOSTILE.map((text) => [stored(text), stored(text)]).sort(),
  );
  writeFileSync(path, `run,metric,step,value\na,${"x".repeat(10_000)},1,0.5\n`);
  const read = readForeign(path, null, options).then(async ([run]) => storeImported(store, run!));
  await expect(read).rejects.toThrow("10000 characters");
});
