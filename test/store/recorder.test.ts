import { randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import {
  createRun,
  findRun,
  openRecorder,
  openStore,
  readBatches,
  readEpochs,
  readPredictions,
  type Store,
} from "../../core/store/index.ts";
import { storableText } from "../../core/store/events/array-literal.ts";
import type { Column } from "../../core/store/events/binary-rows.ts";
import { insertRows } from "../../core/store/events/insert-rows.ts";
import { batchTarget } from "../../core/store/events/targets.ts";
import type { RunEvent } from "../../core/train/recorder.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { batchEvent, digestOf, newRun, sampleEvents } from "./sample-run.ts";

let store: Store;
const home = temporaryHome();

beforeAll(async () => {
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
});
afterAll(async () => {
  await store.close();
  rmSync(home, { recursive: true });
});

async function record(runId: string, events = sampleEvents()): Promise<string[]> {
  const notices: string[] = [];
  const recorder = await openRecorder({ store, runId, home, onNotice: (text) => notices.push(text) });
  for (const event of events) recorder.record(event);
  await recorder.close();
  return notices;
}

test("every event of a run stands in its table, to the last bit", async () => {
  const runId = await createRun(store, newRun());
  expect(await record(runId)).toEqual([]);
  const run = await findRun(store, runId);
  expect(run).toMatchObject({
    status: "done",
    digest: digestOf("run"),
    bestEpoch: 2,
    valLoss: 0.25,
    testRecall: 0.6,
    testF1: null,
  });
  const batches = await readBatches(store, runId);
  expect(batches).toHaveLength(7);
  expect(batches[4]).toMatchObject({
    phase: "train",
    epoch: 2,
    batch: 2,
    loss: batchEvent(2, 2).loss,
    chain: batchEvent(2, 2).chain,
  });
  expect(batches[6]).toMatchObject({ phase: "test", tp: 2, fp: 1, fn: 1, tn: 4, lr: null });
  expect(await readEpochs(store, runId)).toHaveLength(5);
  const [first, second] = await readPredictions(store, runId, "test");
  expect(first).toMatchObject({
    sampleId: 'a "quoted", {braced}\\name.png',
    logits: [Math.fround(0.1), NaN],
    probabilities: [0.1 + 0.2, 0.7],
  });
  expect(Object.is(second!.logits[0], -0)).toBe(true);
  expect(second!.probabilities[1]).toBe(5e-324);
  const [log] = await store.sql`select text from run_events where run_id = ${runId}`;
  expect(log!["text"]).toBe("NUL \u2400, half a pair \ufffd, '; drop table runs; --");
  expect(readdirSync(join(home, "spool"))).toEqual([]);
});

test("events recorded twice are there once", async () => {
  const runId = await createRun(store, newRun());
  await record(runId);
  expect(await record(runId)).toEqual([]);
  const [count] = await store.sql`
    select (select count(*) from batches where run_id = ${runId}) as batches,
      (select count(*) from artifacts where run_id = ${runId}) as artifacts,
      (select count(*) from metric_values where run_id = ${runId}) as metrics`;
  expect(count).toEqual({ batches: 7, artifacts: 1, metrics: 2 });
});

test("a batch recorded again with another chain is told and changes nothing", async () => {
  const runId = await createRun(store, newRun());
  await record(runId, [batchEvent(1, 1)]);
  const notices = await record(runId, [{ ...batchEvent(1, 1), chain: digestOf("other") }, batchEvent(1, 2)]);
  expect(notices).toEqual(["batches (train 1 1) was recorded again with other values; the first ones stay"]);
  const batches = await readBatches(store, runId);
  expect(batches.map(({ chain }) => chain)).toEqual([batchEvent(1, 1).chain, batchEvent(1, 2).chain]);
});

test("an event that the database refuses does not hold up the others", async () => {
  const runId = await createRun(store, newRun());
  const bad = { ...batchEvent(1, 2), correct: 2 ** 40 };
  const notices = await record(runId, [batchEvent(1, 1), bad, batchEvent(1, 3)]);
  expect(notices).toEqual([expect.stringContaining('an event of kind "batch" was refused by the database')]);
  expect((await readBatches(store, runId)).map(({ batch }) => batch)).toEqual([1, 3]);
});

test("a spool of several bulks is stored whole and in order, also when parts of it are there already", async () => {
  const runId = await createRun(store, newRun());
  const events = Array.from({ length: 30_000 }, (_, i): RunEvent[] => [
    batchEvent(1, i + 1),
    ...(i % 14_000 === 13_000 ? [{ kind: "status", status: i > 14_000 ? "done" : "running", digest: null, error: null } as const] : []),
  ]).flat(); // prettier-ignore
  await record(runId, events.slice(500, 700));
  expect(await record(runId, events)).toEqual([]);
  const batches = await readBatches(store, runId);
  expect(batches.map(({ batch }) => batch)).toEqual(Array.from({ length: 30_000 }, (_, i) => i + 1));
  expect((await findRun(store, runId)).status).toBe("done");
});

test("any text and any number arrive as they are; what a column cannot hold is refused with PostgreSQL's code", async () => {
  const runId = await createRun(store, newRun());
  const numbers = [0, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, -Number.MAX_VALUE, 0.1, 2 ** 53];
  const texts = [
    "",
    "\\N",
    '{"a",NULL}',
    "tab\tline\n\r",
    "nul\0here",
    "half \ud800 a pair",
    "漢字 👩‍🔬",
    "x".repeat(200_000),
  ];
  const rows = texts.map((text, key) => ({
    key,
    text,
    numbers: numbers.slice(0, key),
    number: numbers[key] ?? null,
    bytes: "00ff",
  }));
  const columns: Column<(typeof rows)[number]>[] = [
    { name: "key", type: "bigint", value: (row) => row.key },
    { name: "text", type: "text", value: (row) => row.text },
    { name: "number", type: "float8", value: (row) => row.number },
    { name: "doubles", type: "float8[]", value: (row) => row.numbers },
    { name: "floats", type: "real[]", value: (row) => row.numbers.map(Math.fround).filter((n) => n !== 0) },
    { name: "at", type: "timestamptz", value: () => "1999-12-31T23:59:59.999Z" },
    { name: "bytes", type: "hex", value: (row) => row.bytes },
  ];
  const target = { table: "pg_temp.anything", columns, key: ["key"], same: ["text"] };
  await store.sql.begin(async (sql) => {
    await sql`create temporary table anything (run_id uuid, key bigint, text text, number float8, doubles float8[], floats real[],
      at timestamptz, bytes bytea) on commit drop`;
    await insertRows(sql, runId, target, rows, "new");
    const stored = await sql`select * from anything order by key`;
    expect(stored.map(({ text }) => text as string)).toEqual(texts.map((text) => storableText(text)));
    for (const [key, row] of stored.entries()) {
      expect(row).toMatchObject({ run_id: runId, key, number: numbers[key]!, doubles: numbers.slice(0, key) });
      expect(row["floats"]).toEqual(numbers.slice(0, key).map(Math.fround).filter((n) => n !== 0)); // prettier-ignore
      expect([(row["at"] as Date).toISOString(), (row["bytes"] as Buffer).toString("hex")]).toEqual(["1999-12-31T23:59:59.999Z", "00ff"]); // prettier-ignore
    }
  });
  const wrong = { ...rows[0]!, key: 0.5 };
  await expect(store.sql.begin((sql) => insertRows(sql, runId, target, [wrong]))).rejects.toMatchObject({
    code: "22003",
  });
  const odd = { ...rows[0]!, bytes: "abc" };
  await expect(store.sql.begin((sql) => insertRows(sql, runId, target, [odd]))).rejects.toMatchObject({
    code: "22023",
  });
});

test("what a server refuses at the end of a COPY is told as it said it", async () => {
  const gone = { code: "23503", message: expect.stringContaining("there is no run") as string };
  const rows = [batchEvent(1, 1)];
  await expect(store.sql.begin((sql) => insertRows(sql, randomUUID(), batchTarget, rows, "new"))).rejects.toMatchObject(gone); // prettier-ignore
  const runId = await createRun(store, newRun());
  await store.sql.begin((sql) => insertRows(sql, runId, batchTarget, rows, "new"));
  await expect(store.sql.begin((sql) => insertRows(sql, runId, batchTarget, rows, "new"))).rejects.toMatchObject({ code: "23505" }); // prettier-ignore
});

test("a NaN loss is stored as NaN", async () => {
  const runId = await createRun(store, newRun());
  await record(runId, [{ ...batchEvent(1, 1), loss: NaN }]);
  await record(runId, [{ ...batchEvent(1, 1), loss: NaN }]);
  expect((await readBatches(store, runId))[0]!.loss).toBeNaN();
});

test("ten recorders at once lose nothing", async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, (_, seed) => createRun(store, newRun({ seed }))));
  const events = Array.from({ length: 500 }, (_, index) => batchEvent(1, index + 1));
  await Promise.all(ids.map((runId) => record(runId, events)));
  for (const runId of ids) expect(await readBatches(store, runId)).toHaveLength(500);
});

test("a server process that is killed within a transaction fails the transaction and nothing else", async () => {
  const work = store.sql.begin(async (sql) => {
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await Promise.all([sql`select pg_sleep(10)`, store.sql`select pg_terminate_backend(${row!.pid})`]);
  });
  await expect(work).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  await sleep(100); // where an exception of the connection would end the process
  expect(await store.sql`select 1 as one`).toMatchObject([{ one: 1 }]);
});
