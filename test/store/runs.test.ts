import { afterAll, beforeAll, expect, inject, test } from "vitest";
import {
  createRun,
  findRun,
  latestDoneRun,
  listRuns,
  markLostRuns,
  openStore,
  readManifest,
  readSplitMembers,
  requestStop,
  saveRunData,
  saveSampleArtifacts,
  setRunStatus,
  wasStopRequested,
  type Store,
} from "../../core/store/index.ts";
import { knownMigrations, migrate } from "../../core/store/migrate.ts";
import { ownProcess } from "../../core/store/process-id.ts";
import { setDeleted } from "../../core/store/run-marks.ts";
import { createTestDatabase } from "../postgres.ts";
import { digestOf, manifest, newRun, split } from "./sample-run.ts";

let store: Store;
let url: string;

beforeAll(async () => {
  url = await createTestDatabase(inject("postgresUrl"));
  store = await openStore({ databaseUrl: url });
});
afterAll(() => store.close());

const done = { status: "done", digest: digestOf("d"), error: null } as const;

test("a run is found by its id, a beginning of it and by experiment/variant/seed, the latest done", async () => {
  const older = await createRun(store, newRun({ variant: "found" }));
  const newer = await createRun(store, newRun({ variant: "found" }));
  await setRunStatus(store, older, done);
  expect((await findRun(store, older)).runId).toBe(older);
  expect((await findRun(store, newer.slice(0, 13).toUpperCase())).runId).toBe(newer);
  expect((await findRun(store, "frozen-backbone/found/0")).runId).toBe(older);
  await setRunStatus(store, newer, done);
  expect((await findRun(store, "frozen-backbone/found/0")).runId).toBe(newer);
});

test("a name that fits no run or several says so", async () => {
  await createRun(store, newRun({ runId: "ffff0000-0000-4000-8000-000000000001" }));
  await createRun(store, newRun({ runId: "ffff0000-0000-4000-8000-000000000002" }));
  await expect(findRun(store, "ffff0")).rejects.toThrow(/beginning of more than one run's id: ffff0000-, ffff0000-/);
  await expect(findRun(store, "ffff1")).rejects.toThrow('No run has an id that begins with "ffff1"');
  await setDeleted(store, "ffff0000-0000-4000-8000-000000000002", true);
  await expect(findRun(store, "ffff0000-0000-4000-8000-000000000002")).rejects.toThrow("is deleted");
  await setDeleted(store, "ffff0000-0000-4000-8000-000000000002", false);
  await expect(findRun(store, "x' or true --")).rejects.toThrow("No run is named");
  await expect(findRun(store, "frozen-backbone/nothing/3")).rejects.toThrow("No run of it exists");
});

test("a finished run is looked for by all that it depends on", async () => {
  const runId = await createRun(store, newRun({ variant: "kept", codeDigest: "c1" }));
  await setRunStatus(store, runId, done);
  const filter = {
    experiment: "frozen-backbone",
    variant: "kept",
    seed: 0,
    settingsHash: digestOf("settings"),
    datasetDigest: null,
  };
  expect((await latestDoneRun(store, { ...filter, codeDigest: "c1" }))?.runId).toBe(runId);
  expect(await latestDoneRun(store, { ...filter, codeDigest: "c2" })).toBe(null);
  expect(await latestDoneRun(store, { ...filter, datasetDigest: digestOf("other") })).toBe(null);
});

test("a run whose process died counts as lost at once, one that is alive does not", async () => {
  const [alive, dead, far] = await Promise.all(
    ["alive", "dead", "far"].map((variant) => createRun(store, newRun({ variant }))),
  );
  const gone = ownProcess().replace(/ \d+ \d*$/, " 4194999 7");
  await store.sql`update runs set owner = ${ownProcess()}, heartbeat_at = now() where run_id = ${alive!}`;
  await store.sql`update runs set owner = ${gone}, heartbeat_at = now() where run_id = ${dead!}`;
  await store.sql`update runs set owner = 'elsewhere 5 5', heartbeat_at = now() where run_id = ${far!}`;
  await markLostRuns(store);
  const statusOf = async (id: string) => (await findRun(store, id)).status;
  expect([await statusOf(alive!), await statusOf(dead!), await statusOf(far!)]).toEqual(["running", "lost", "running"]);
  await store.sql`update runs set heartbeat_at = now() - interval '2 minutes' where run_id = ${far!}`;
  await markLostRuns(store);
  expect(await statusOf(far!)).toBe("lost");
});

test("a stop can be asked of a running run alone", async () => {
  const runId = await createRun(store, newRun({ variant: "stopped" }));
  expect(await wasStopRequested(store, runId)).toBe(false);
  expect(await requestStop(store, runId)).toBe(true);
  expect(await wasStopRequested(store, runId)).toBe(true);
  await setRunStatus(store, runId, { status: "interrupted", digest: null, error: null });
  expect(await requestStop(store, runId)).toBe(false);
});

test("a status that arrives late changes nothing", async () => {
  const runId = await createRun(store, newRun({ variant: "late" }));
  await setRunStatus(store, runId, done);
  await store.sql`update runs set status_seq = 9e15 where run_id = ${runId}`;
  await store.sql`select 1`;
  const { applyEvents } = await import("../../core/store/events/apply-events.ts");
  await applyEvents(store.sql, runId, [
    { seq: 5, event: { kind: "status", status: "running", digest: null, error: null } },
  ]);
  expect((await findRun(store, runId)).status).toBe("done");
});

test("a data set and a split come back as they were saved, once", async () => {
  for (let time = 0; time < 2; time++) {
    const source = { kind: "phantom" };
    await saveRunData(store, { manifest, source, inspection: null, split, splitSettings: { train: 0.5 } });
    await saveSampleArtifacts(store.sql, manifest.digest, [
      { sampleId: "a", kind: "thumbnail", mediaType: "image/webp", path: "t/a.webp", sha256: digestOf("t"), bytes: 9 },
    ]);
  }
  expect(await readManifest(store, manifest.digest)).toEqual(manifest);
  expect(await readSplitMembers(store, split.digest)).toEqual({ train: ["a", "b"], val: ["c"], test: ['ü,"{}\\'] });
  expect(await store.sql`select count(*) from artifacts where dataset_digest = ${manifest.digest}`).toEqual([
    { count: 1 },
  ]);
});

test("hostile names are stored as the text that they are", async () => {
  const name = `'; drop table runs; -- <b>\u202E${"x".repeat(400)}`;
  const runId = await createRun(store, newRun({ variant: name, tags: [name], config: { [name]: `\0${name}` } }));
  const run = await findRun(store, runId);
  expect([run.variant, run.tags[0]]).toEqual([name, name]);
  expect(run.config).toEqual({ [name]: `\u2400${name}` });
});

test("a name too long to be a key is refused in one line", async () => {
  await expect(createRun(store, newRun({ variant: "x".repeat(10_000) }))).rejects.toThrow(
    "The name of the variant has 10000 characters",
  );
});

test("listing takes the newest of those that fit", async () => {
  expect(await listRuns(store, { variant: "found" }, { limit: 1 })).toHaveLength(1);
  expect(await listRuns(store, { variant: "found", status: ["failed"] })).toHaveLength(0);
});

test("migrations that are applied are not applied again, and two processes at once are no harm", async () => {
  const fresh = await createTestDatabase(inject("postgresUrl"));
  const stores = await Promise.all([openStore({ databaseUrl: fresh }), openStore({ databaseUrl: fresh })]);
  const count = knownMigrations.length;
  expect(await migrate(stores[0].sql)).toEqual({ before: count, now: count });
  await Promise.all(stores.map((one) => one.close()));
});

test("a database that a newer version has changed is refused", async () => {
  const fresh = await createTestDatabase(inject("postgresUrl"));
  const first = await openStore({ databaseUrl: fresh });
  await first.sql`insert into lockstep_migrations (number, hash) values (9999, 'of the future')`;
  await first.close();
  await expect(openStore({ databaseUrl: fresh })).rejects.toThrow(/changed by another version of Lockstep/);
});

test("another schema than public holds tables of its own", async () => {
  const lab = await openStore({ databaseUrl: `${url}?search_path=lab` });
  expect(await lab.sql`select count(*) from runs`).toEqual([{ count: 0 }]);
  await lab.close();
});

test("a server that does not answer and a wrong password are one line without the password", async () => {
  await expect(openStore({ databaseUrl: "postgres://me:secret@127.0.0.1:1/x" })).rejects.toThrow(
    "No database answers at postgres://me:***@127.0.0.1:1/x (ECONNREFUSED).",
  );
  const wrong = url.replace(/:[0-9a-f]+@/, ":wrong@");
  await expect(openStore({ databaseUrl: wrong })).rejects.toThrow(/refused the login/);
});

test("a port of another program is refused and keeps no process busy", async () => {
  const server = (await import("node:net")).createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as { port: number };
  await expect(openStore({ databaseUrl: `postgres://me@127.0.0.1:${port}/x` })).rejects.toThrow(/no PostgreSQL server/);
  server.close();
});

test("the interval over seeds is Student's t over the latest finished run of each seed", async () => {
  const accuracies = [0.8, 0.9, 0.85];
  for (const [seed, accuracy] of [...accuracies.entries(), [0, 0.7] as const]) {
    const runId = await createRun(
      store,
      newRun({
        variant: "interval",
        seed,
        status: "done",
        testAccuracy: accuracy,
        endedAt: new Date(accuracy === 0.7 ? 1 : 2),
      }),
    );
    expect(runId).toHaveLength(36);
  }
  await createRun(store, newRun({ variant: "single", status: "done", testAccuracy: 0.5 }));
  const rows =
    await store.sql`select variant, mean, n, low95, high95 from v_variants where metric = 'test_accuracy' and variant in ('interval', 'single') order by variant`;
  const half = (4.30265272974946 * 0.05) / Math.sqrt(3); // t(0.975, 2) of scipy, sd 0.05
  expect(rows[0]).toMatchObject({ variant: "interval", n: 3 });
  expect(rows[0]!["mean"]).toBeCloseTo(0.85, 12);
  expect(rows[0]!["low95"]).toBeCloseTo(0.85 - half, 12);
  expect(rows[0]!["high95"]).toBeCloseTo(0.85 + half, 12);
  expect(rows[1]).toMatchObject({ variant: "single", mean: 0.5, n: 1, low95: null, high95: null });
});
