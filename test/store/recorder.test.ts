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
