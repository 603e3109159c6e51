// Folders of TensorBoard and MLflow from other people's projects, against what the tools' own readers say of them
// (test/golden/importers.py); and that importing twice adds nothing.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import initSqlJs from "sql.js";
import { readForeign, storeImported, type ImportedRun } from "../../core/doors/index.ts";
import { readStored } from "../../core/doors/read-stored.ts";
import { decodeEvent, encodeEvent } from "../../core/doors/tensorboard/event-messages.ts";
import { decodeRecords, encodeRecord, maskedCrc32c } from "../../core/doors/tensorboard/records.ts";
import { findRun, openStore, type Store } from "../../core/store/index.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { byStep, wholeCurves, type WholeCurve } from "./whole-curve.ts";

const DATA = fileURLToPath(new URL("../../../shared/data/importers", import.meta.url));
const golden = JSON.parse(readFileSync(new URL("../golden/importers.json", import.meta.url), "utf8")) as {
  tensorboard: Record<string, Record<string, Record<string, WholeCurve>>>;
  mlflow: Record<string, Record<string, MlflowRun>>;
};
interface MlflowRun {
  readonly experiment: string;
  readonly status: string;
  readonly params: object;
  readonly metrics: Readonly<Record<string, number>>;
  readonly curves: Readonly<Record<string, WholeCurve>>;
}
const home = temporaryHome();
const options = { project: "default", experiment: null, notice: () => undefined };
let store: Store;
beforeAll(async () => {
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
});
afterAll(async () => {
  await store.close();
  rmSync(home, { recursive: true });
});

/** Every value that was read stands in the database. */
async function importAll(path: string): Promise<{ runs: ImportedRun[]; added: number; fresh: number }> {
  const runs = await readForeign(path, null, options);
  const stored = await Promise.all(runs.map((run) => storeImported(store, run)));
  for (const [i, { runId }] of stored.entries()) {
    const { series } = await readStored(store, await findRun(store, runId), home);
    expect(wholeCurves(series)).toEqual(wholeCurves(byStep(runs[i]!.series)));
  }
  return {
    runs,
    added: stored.reduce((sum, one) => sum + one.added, 0),
    fresh: stored.filter((one) => one.isNew).length,
  };
}

describe.skipIf(!existsSync(DATA))("folders of other people's projects", () => {
  it.each(Object.entries(golden.tensorboard))(
    "TensorBoard %s: its runs and every step and value of them",
    async (name, expected) => {
      const { runs, fresh } = await importAll(join(DATA, "tensorboard", name));
      const found = Object.fromEntries(
        runs.map(({ variant, series }) => [variant === "base" ? "." : variant, wholeCurves(series)]),
      );
      expect(found).toEqual(expected);
      expect(fresh).toBe(Object.keys(expected).length);
      expect(await importAll(join(DATA, "tensorboard", name))).toMatchObject({ added: 0, fresh: 0 });
    },
  );

  it.each(Object.entries(golden.mlflow))(
    "MLflow %s: its runs, parameters, and every step and value",
    async (name, expected) => {
      const { runs } = await importAll(join(DATA, "mlflow", name));
      const status = { RUNNING: "running", FINISHED: "done", FAILED: "failed", KILLED: "interrupted" };
      const found = runs.map((run) => [
        run.origin.identity,
        { ...run.params },
        wholeCurves(run.series),
        Object.fromEntries(run.series.map((one) => [one.name, one.points.at(-1)!.value])),
        [run.experiment, run.status],
      ]);
      const wanted = Object.entries(expected).map(([id, run]) => [
        id,
        run.params,
        run.curves,
        run.metrics,
        [run.experiment, status[run.status as keyof typeof status]],
      ]);
      const byId = (a: unknown[], b: unknown[]) => ((a[0] as string) < (b[0] as string) ? -1 : 1);
      expect(found.sort(byId)).toEqual(wanted.sort(byId));
      expect(await importAll(join(DATA, "mlflow", name))).toMatchObject({ added: 0, fresh: 0 });
    },
  );

  it("imported runs are marked, and a run that nobody goes on with counts as lost", async () => {
    const rows = await store.sql`select distinct kind from v_runs`;
    expect(rows.map((row) => row["kind"] as string)).toEqual(["imported"]);
    const [row] = await store.sql`select status from v_runs where experiment = 'Default'`;
    expect(row?.["status"]).toBe("lost");
  });
});

it("an MLflow database gives its runs with whole curves, NaN and values that were logged without a step", async () => {
  const { Database } = await initSqlJs();
  const database = new Database();
  database.exec(`
    create table experiments (experiment_id integer, name text, lifecycle_stage text);
    create table runs (run_uuid text, name text, experiment_id integer, status text, start_time integer, end_time integer, artifact_uri text, lifecycle_stage text);
    create table metrics (key text, value real, timestamp integer, run_uuid text, step integer, is_nan integer);
    create table params (key text, value text, run_uuid text);
    create table tags (key text, value text, run_uuid text);
    insert into experiments values (1, 'mine', 'active');
    insert into runs values ('0123456789abcdef0123456789abcdef', 'quick-fox', 1, 'FINISHED', 1700000000000, 1700000005000, 's3://bucket/x', 'active');
    insert into runs values ('ff23456789abcdef0123456789abcdef', 'gone', 1, 'FINISHED', 1700000000000, null, '', 'deleted');
    insert into metrics values ('loss', 0.5, 1700000001000, '0123456789abcdef0123456789abcdef', 1, 0),
      ('loss', 0, 1700000002000, '0123456789abcdef0123456789abcdef', 2, 1),
      ('still', 1, 1700000001000, '0123456789abcdef0123456789abcdef', 0, 0),
      ('still', 2, 1700000002000, '0123456789abcdef0123456789abcdef', 0, 0);
    insert into params values ('lr', '0.1', '0123456789abcdef0123456789abcdef');
    insert into tags values ('team', 'a', '0123456789abcdef0123456789abcdef');`);
  const file = join(home, "mlflow.db");
  writeFileSync(file, database.export());
  database.close();
  const { runs, added } = await importAll(file);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({
    experiment: "mine",
    variant: "quick-fox",
    status: "done",
    tags: ["team=a"],
    params: { lr: "0.1" },
  });
  expect(added).toBe(4);
  const rows = await store.sql`select name, step, value from v_metrics where experiment = 'mine' order by name, step`;
  expect(rows.map((row): unknown[] => Object.values(row))).toEqual([
    ["loss", 1, 0.5],
    ["loss", 2, NaN],
    ["still", 0, 1],
    ["still", 1, 2],
  ]);
  expect(await importAll(file)).toMatchObject({ added: 0, fresh: 0 });
});

it("a CSV file is read wide and long; a copy of it adds nothing, lines that were added are", async () => {
  const wide = join(home, "history.csv");
  writeFileSync(wide, "epoch,loss,val_loss,remark\n1,0.5,0.6,good\n2,0.25,nan,\n");
  expect((await importAll(wide)).added).toBe(4);
  writeFileSync(wide, "epoch,loss,val_loss,remark\n1,0.5,0.6,good\n2,0.25,nan,\n3,0.125,0.3,\n");
  expect(await importAll(wide)).toMatchObject({ added: 2, fresh: 0 });
  const long = join(home, "long.csv");
  writeFileSync(long, 'run,metric,step,value\na,loss,1,0.5\nb,"a, b",1,1e-3\na,loss,2,inf\n');
  const { runs } = await importAll(long);
  expect(
    runs.map(({ variant, series }) => [
      variant,
      series.map(({ name, points }) => [name, points.map((one) => one.value)]),
    ]),
  ).toEqual([
    ["a", [["loss", [0.5, Infinity]]]],
    ["b", [["a, b", [0.001]]]],
  ]);
  writeFileSync(long, "run,metric,step,value\na,loss,1,high\n");
  await expect(importAll(long)).rejects.toThrow('line 2: "high" is no number');
});

it("event files: known checksum, cut and damaged records are told and what stands before is read", async () => {
  expect(maskedCrc32c(Buffer.from("123456789"))).toBe((((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0); // RFC 3720's check value
  const zero = { wallTime: 1, step: 1, summary: { value: [{ tag: "loss", simpleValue: 0 }] } };
  expect(decodeEvent(encodeEvent(zero))).toEqual(zero);
  const events = [1, 2, 3].map((step) =>
    encodeRecord(encodeEvent({ wallTime: step, step, summary: { value: [{ tag: "loss", simpleValue: step }] } })),
  );
  const bytes = Buffer.concat(events);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { records, stoppedAt } = decodeRecords(bytes.subarray(0, cut));
    expect(records).toHaveLength(Math.floor(cut / events[0]!.length));
    expect(stoppedAt).toBe(cut % events[0]!.length === 0 ? null : records.length * events[0]!.length);
  }
  const folder = join(home, "logs");
  mkdirSync(folder);
  writeFileSync(join(folder, "events.out.tfevents.1.host"), bytes.subarray(0, bytes.length - 3));
  const notices: string[] = [];
  const [run] = await readForeign(folder, null, { ...options, notice: (text) => notices.push(text) });
  expect(run?.series[0]?.points.map(({ value }) => value)).toEqual([1, 2]);
  expect(notices[0]).toContain(`can be read up to byte ${2 * events[0]!.length}`);
});

it("what is none of them is refused in one line", async () => {
  const file = join(home, "thing.bin");
  writeFileSync(file, "?");
  for (const path of [file, join(home, "nowhere"), home.replace(/[^/]*$/, "")].slice(0, 2))
    await expect(readForeign(path, null, options)).rejects.toThrow(/could be anything|does not exist/);
  writeFileSync(join(home, "not.db"), "not a database");
  await expect(readForeign(join(home, "not.db"), null, options)).rejects.toThrow("no database of MLflow's");
});
