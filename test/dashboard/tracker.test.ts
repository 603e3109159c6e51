// Runs logged over HTTP, as a program in another language would: the same rows as startRun makes, and no way in without the token.
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { storeImported } from "../../core/doors/index.ts";
import { openStore, type Store } from "../../core/store/index.ts";
import { createApp } from "../../dashboard/app.ts";
import { trackerToken } from "../../dashboard/tracking/token.ts";
import { TrackedRuns } from "../../dashboard/tracking/tracked-runs.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { textOf } from "./sample-dashboard.ts";

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

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const raw = body instanceof Uint8Array;
  const response = await app.request(`/api/v1/runs${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${trackerToken(home)}`,
      ...(!raw && { "content-type": "application/json" }),
      ...headers,
    },
    body: raw ? Buffer.from(body) : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

async function begin(about: object = {}): Promise<string> {
  const { status, body } = await post("", { experiment: "over-http", ...about });
  expect(status, JSON.stringify(body)).toBe(201);
  return body["run"] as string;
}

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

it("a run over HTTP has its numbers, histograms, pictures, tables, files and lines, marked as tracked", async () => {
  const run = await begin({ name: "first", config: { lr: 0.1 }, tags: ["python"], note: "hello", seed: 3 });
  await post(`/${run}/log`, { values: { loss: 0.5, accuracy: 0.75 }, step: 1 });
  await post(`/${run}/log`, {
    rows: [
      { values: { loss: 0.25 }, step: 2, epoch: 1 },
      { values: { loss: "NaN" }, step: 3 },
    ],
  });
  await post(`/${run}/text`, { text: "a line", level: "warning" });
  await post(`/${run}/histograms`, { name: "weights", values: [0, 1, 1, 3], step: 2 });
  await post(`/${run}/histograms`, { name: "given", edges: [0, 1, 2], counts: [5, 6], step: 2 });
  await post(`/${run}/tables`, {
    name: "worst",
    rows: [
      { id: "a,b", p: 0.1 },
      { id: 'say "no"', ok: false },
    ],
    step: 2,
  });
  await post(`/${run}/images?name=sample&step=2`, PNG);
  await post(`/${run}/files?name=notes.txt&kind=notes`, Buffer.from("content"));
  expect(await post(`/${run}/finish`, { status: "done" })).toMatchObject({ status: 201, body: { stored: true } });

  const [row] = await store.sql`select * from v_runs where run_id = ${run}`;
  expect(row).toMatchObject({
    kind: "tracked",
    status: "done",
    name: "first",
    lr: 0.1,
    tags: ["python"],
    note: "hello",
    seed: 3,
  });
  const metrics =
    await store.sql`select name, step, epoch, value from v_metrics where run_id = ${run} order by name, step`;
  expect(metrics.map((one) => Object.values(one) as unknown[])).toEqual([
    ["accuracy", 1, null, 0.75],
    ["loss", 1, null, 0.5],
    ["loss", 2, 1, 0.25],
    ["loss", 3, null, NaN],
  ]);
  const artifacts =
    await store.sql`select kind, name, media_type, bytes, step, path from v_artifacts where run_id = ${run} order by kind`;
  expect(artifacts).toMatchObject([
    { kind: "image", name: "sample", media_type: "image/png", step: 2 },
    { kind: "notes", name: "notes.txt", media_type: "text/plain", bytes: 7 },
    { kind: "table", name: "worst", media_type: "text/csv" },
  ]);
  expect(statSync(join(home, artifacts[0]!["path"] as string)).size).toBe(PNG.length);
  const histograms = await store.sql`select name, edges, counts from v_histograms where run_id = ${run} order by name`;
  expect(histograms[0]).toEqual({ name: "given", edges: [0, 1, 2], counts: [5, 6] });
  expect((histograms[1]!["counts"] as number[]).reduce((sum, n) => sum + n, 0)).toBe(4);
  const [line] = await store.sql`select level, text from v_log where run_id = ${run}`;
  expect(line).toEqual({ level: "warning", text: "a line" });
});

it("without the token, with a cookie or from another token nothing is logged", async () => {
  for (const authorization of ["", "Bearer wrong", trackerToken(home)])
    expect((await post("", { experiment: "x" }, { authorization })).status).toBe(401);
  const cookie = { authorization: "", cookie: `lockstep_token=${trackerToken(home)}` };
  expect((await post("", { experiment: "x" }, cookie)).status).toBe(401);
  const guarded = createApp({ store, home, tracked, token: "secret" });
  const request = { method: "POST", body: '{"experiment":"x"}', headers: { "content-type": "application/json" } };
  const bearer = (token: string) => ({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
  expect((await guarded.request("/api/v1/runs", bearer(trackerToken(home)))).status).toBe(401);
  expect((await guarded.request("/api/v1/runs", bearer("secret"))).status).toBe(201);
  expect(statSync(join(home, "tracker-token")).mode & 0o077).toBe(0);
});

it("a request that is sent again changes nothing, and a run is gone on with after the dashboard was started anew", async () => {
  const id = randomUUID();
  expect(await begin({ run: id })).toBe(id);
  expect(await begin({ run: id })).toBe(id);
  for (let time = 0; time < 2; time++) await post(`/${id}/log`, { values: { loss: 1 }, step: 7 });
  await tracked.close();
  expect((await post(`/${id}/log`, { values: { loss: 0.5 }, step: 8 })).status).toBe(201);
  await post(`/${id}/finish`, {});
  const rows = await store.sql`select step, value from v_metrics where run_id = ${id} order by step`;
  expect(rows.map((row): unknown[] => [row["step"], row["value"]])).toEqual([[7, 1], [8, 0.5]]); // prettier-ignore
  expect(await post(`/${id}/log`, { values: { loss: 1 } })).toMatchObject({ status: 409, body: { code: "run-state" } });
});

it("what cannot be stored is refused in one line that says why", async () => {
  const run = await begin();
  const cases: readonly (readonly [string, unknown, number, string])[] = [
    ["", { experiment: "x".repeat(10_000) }, 400, "10000 characters"],
    ["", { experiment: "x", unknown: 1 }, 400, "unknown"],
    [`/${run}/log`, { values: { ["x".repeat(10_000)]: 1 } }, 400, "10000 characters"],
    [`/${run}/log`, { values: { loss: "high" } }, 400, "api:"],
    [`/${run}/log`, { values: { loss: 1 }, step: 1.5 }, 400, "api:"],
    [`/${run}/images?name=a`, Buffer.from("no picture"), 400, "PNG, JPEG, GIF or WebP"],
    [`/${randomUUID()}/log`, { values: { loss: 1 } }, 404, "there is no run"],
    ["/nonsense/log", { values: { loss: 1 } }, 400, "api: id"],
  ];
  for (const [path, body, status, message] of cases) {
    const answer = await post(path, body);
    expect(answer, path).toMatchObject({ status, body: { type: "error" } });
    expect(answer.body["message"], path).toContain(message);
  }
});

it("a tracked and an imported run are marked on every page that shows them, and found by their kind", async () => {
  const tracked = await begin({ experiment: "foreign", variant: "tracked" });
  await post(`/${tracked}/finish`, {});
  const { runId: imported } = await storeImported(store, {
    ...{ project: "default", experiment: "foreign", variant: "imported", seed: 0, name: null, status: "lost" },
    ...{ startedAt: new Date(0), endedAt: new Date(1), params: {}, tags: [], note: null, gitCommit: null },
    ...{ series: [], histograms: [], files: [] },
    origin: { tool: "mlflow", identity: "foreign", path: "/mlruns/0/1", details: {} },
  });
  const marks = { [tracked]: "tracked, not reproducible", [imported]: "imported (from MLflow), not reproducible" };
  const page = async (path: string): Promise<string> => textOf(await (await app.request(path)).text());
  for (const [runId, mark] of Object.entries(marks)) expect(await page(`/runs/${runId}`)).toContain(mark);
  for (const path of ["/", "/runs?q=experiment+%3D+foreign", `/compare?runs=${tracked},${imported}`])
    for (const mark of Object.values(marks)) expect(await page(path), path).toContain(mark);
  expect(await page(`/runs/${imported}`)).not.toContain("exp resume");
  const found = await page("/runs?q=kind+%3D+imported&columns=variant,kind");
  expect(found).toContain("1 run pass the filter");
  expect(found).toContain(marks[imported]);
  expect(found).not.toContain(marks[tracked]);
});
