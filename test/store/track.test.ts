import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { findRun, openStore, readArtifacts, sendLeftoverSpools, startRun, type Store } from "../../core/store/index.ts";
import { createTestDatabase } from "../postgres.ts";

let store: Store;
const home = mkdtempSync(join(tmpdir(), "lockstep-track-"));
const before = process.env["DATABASE_URL"];

beforeAll(async () => {
  process.env["DATABASE_URL"] = await createTestDatabase(inject("postgresUrl"));
  store = await openStore();
});
afterAll(async () => {
  await store.close();
  rmSync(home, { recursive: true });
  if (before === undefined) delete process.env["DATABASE_URL"];
  else process.env["DATABASE_URL"] = before;
});

test("a program's run is stored with its numbers, lines and files, marked as tracked", async () => {
  const run = await startRun({ experiment: "mine", config: { lr: 0.1, model: "mlp" }, tags: ["first"], home });
  for (const step of [1, 2, 3]) run.log({ loss: 1 / step, accuracy: step / 4 }, { step });
  run.log({ loss: 0.25 });
  run.log({ loss: NaN }, { step: 2 });
  run.text("hello");
  const file = join(home, "notes.txt");
  writeFileSync(file, "content");
  run.artifact(file, { kind: "notes" });
  expect(await run.finish()).toEqual({ stored: true });
  expect(await findRun(store, run.runId)).toMatchObject({
    kind: "tracked",
    status: "done",
    lr: 0.1,
    tags: ["first"],
    digest: null,
  });
  const losses =
    await store.sql`select step, value from v_metrics where run_id = ${run.runId} and name = 'loss' order by step`;
  expect(losses.map((row) => row["value"] as number)).toEqual([1, NaN, 1 / 3, 0.25]);
  expect(await readArtifacts(store, run.runId)).toMatchObject([
    { kind: "notes", name: "notes.txt", bytes: 7, mediaType: "text/plain" },
  ]);
});

test("with the database away the program goes on, and all of it is stored later, elsewhere only if that is asked for", async () => {
  const url = process.env["DATABASE_URL"];
  process.env["DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none";
  const notices: string[] = [];
  const run = await startRun({ experiment: "away", home, onNotice: (text) => notices.push(text) });
  run.log({ loss: 1 });
  expect(await run.finish()).toEqual({ stored: false });
  expect(notices[0]).toContain("The database is away");
  process.env["DATABASE_URL"] = url;
  expect(await sendLeftoverSpools(store, home)).toMatchObject({ files: 0, elsewhere: ["127.0.0.1:1/none"] });
  expect(await sendLeftoverSpools(store, home, true)).toMatchObject({ files: 1, notices: [] });
  expect(await findRun(store, run.runId)).toMatchObject({ experiment: "away", status: "done" });
  expect(readdirSync(join(home, "spool"))).toEqual([]);
});

test("what is no number or has no usable name is refused where it is logged", async () => {
  const run = await startRun({ experiment: "strict", home });
  expect(() => run.log({ loss: "0.3" as unknown as number })).toThrow('"loss" is string, expected a number');
  expect(() => run.log({ ["x".repeat(501)]: 1 })).toThrow("a name has 501 characters");
  expect(() => run.log({ loss: 1 }, { step: 1.5 })).toThrow("the step is 1.5");
  await run.finish("failed");
  await expect(startRun({ experiment: "", home })).rejects.toThrow("The name of the experiment has 0 characters");
});
