// What `exp export` writes: read back by our own readers with the same curves to the last bit (TensorBoard: float32), and as tables row by
// row. By MLflow's and TensorBoard's own readers: test/long/trackers.test.ts.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { exportResults, readForeign, type ResultFormat } from "../../core/doors/index.ts";
import { readStored, type StoredForeignRun } from "../../core/doors/read-stored.ts";
import { createRun, findRun, openRecorder, openStore, type RunRow, type Store } from "../../core/store/index.ts";
import { openTracked, describeRun } from "../../core/store/track.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { newRun, sampleEvents } from "../store/sample-run.ts";

const home = temporaryHome();
const options = { project: "default", experiment: null, notice: () => undefined };
let store: Store;
let runs: RunRow[];
beforeAll(async () => {
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
  runs = [await ownRun(), await hostileRun()];
});
afterAll(async () => {
  await store.close();
  rmSync(home, { recursive: true });
});

/** Of our own kind, with batches, epochs, predictions. */
async function ownRun(): Promise<RunRow> {
  const runId = await createRun(store, newRun({ config: { settings: { lr: 0.1, optimizer: { kind: "adam" } } } }));
  const recorder = await openRecorder({ store, runId, home });
  for (const event of sampleEvents()) recorder.record(event);
  await recorder.close();
  return findRun(store, runId);
}

const HOSTILE = [
  "../../evil",
  "'; drop table runs; --",
  "<script>",
  "\u202etxt.exe",
  "nul\0here",
  "train",
  "train/loss",
  "",
];

/** A tracked one whose names would like to be something else. */
async function hostileRun(): Promise<RunRow> {
  const create = describeRun({
    experiment: "<b>&'\"",
    variant: "../up",
    name: "=1+1",
    config: { "a/../b": "x\ny" },
    note: "a\0b",
  });
  const run = await openTracked({ store, home, onNotice: () => undefined, runId: create.runId, create, system: false });
  for (const step of [1, 2, 3])
    run.log(Object.fromEntries(HOSTILE.filter(Boolean).map((name) => [name, step / 3])), { step });
  run.log({ bad: NaN }, { step: 1 });
  run.log({ bad: -Infinity }, { step: 2 });
  run.histogram("spread", [0, 1, 1, 4]);
  await run.finish();
  return findRun(store, create.runId);
}

async function exported(to: ResultFormat): Promise<string> {
  const folder = join(home, "out", to);
  await exportResults({ store, home, runs, to, folder });
  return folder;
}

/** Points by the number of the series, since names may be changed on the way. */
const curvesOf = (run: Pick<StoredForeignRun, "series">, round: (value: number) => number = (value) => value) =>
  run.series.map(({ points }) => JSON.stringify(points.map(({ step, value }) => [step, String(round(value))]))).sort();

it.each(["mlflow", "tensorboard"] as const)("a run exported to %s and read back has the same curves", async (to) => {
  const folder = await exported(to);
  const back = await readForeign(folder, null, options);
  expect(back).toHaveLength(runs.length);
  const round = to === "tensorboard" ? Math.fround : (value: number) => value;
  for (const run of runs) {
    const stored = await readStored(store, run, home);
    expect(stored.series.length).toBeGreaterThan(3);
    const found = back.map((one) => curvesOf(one));
    expect(found).toContainEqual(curvesOf(stored, round));
  }
});

it("exporting twice writes the same bytes", async () => {
  const file = async () =>
    readFileSync(
      (await exportResults({ store, home, runs: [runs[0]!], to: "tensorboard", folder: join(home, "again") }))[0]!,
    );
  expect((await file()).equals(await file())).toBe(true);
});

it("csv, parquet and json hold every row of the documented views", async () => {
  const ids = runs.map(({ runId }) => runId);
  const [csv, parquet, json] = [await exported("csv"), await exported("parquet"), await exported("json")];
  for (const table of ["runs", "epochs", "batches", "predictions", "metrics", "histograms"]) {
    const [counted] = await store.sql<{ n: number }[]>`
      select count(*)::int as n from ${store.sql(`v_${table}`)} where run_id in ${store.sql(ids)}`;
    const n = counted?.n;
    const lines = parse<Record<string, string>>(readFileSync(join(csv, `${table}.csv`)), { columns: true });
    const bytes = readFileSync(join(parquet, `${table}.parquet`));
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    });
    expect([table, lines.length, rows.length]).toEqual([table, n, n]);
  }
  const batches = parse<Record<string, string>>(readFileSync(join(csv, "batches.csv")), { columns: true });
  const losses = await store.sql`select loss from v_batches where run_id = ${ids[0]!} order by phase, epoch, batch`;
  expect(batches.map((row) => Number(row["loss"])).sort()).toEqual(losses.map((row) => row["loss"] as number).sort());
  const whole = JSON.parse(readFileSync(join(json, `${ids[1]}.json`), "utf8")) as {
    run: { variant: string };
    metrics: { name: string; value: unknown }[];
  };
  expect(whole.run.variant).toBe("../up");
  expect(whole.metrics.filter(({ name }) => name === "bad").map(({ value }) => value)).toEqual(["NaN", "-Infinity"]);
});
