// `exp verify` finds every planted edit of what is stored, and names it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { overall, type VerdictLine } from "../../core/run/verdict.ts";
import { verifyRun } from "../../core/run/verify.ts";
import { findRun } from "../../core/store/index.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, type Place } from "./trained.ts";

let place: Place;
let runId: string;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  const [run] = await place.train("tiny.mjs", tinyModule());
  runId = run?.run ?? "";
}, 120_000);
afterAll(() => place.remove());

async function verify(): Promise<VerdictLine[]> {
  return verifyRun(place.store, await findRun(place.store, runId), place.home);
}

/** What differs after an edit; the edit is undone by its second statement. */
async function differingAfter(edit: string, undo: string): Promise<string> {
  await place.store.sql.unsafe(edit);
  try {
    const lines = (await verify()).filter(({ verdict }) => verdict === "differs");
    return lines.map(({ what, detail }) => `${what}: ${detail}`).join("\n");
  } finally {
    await place.store.sql.unsafe(undo);
  }
}

it("an untouched run is the same in every line", async () => {
  const lines = await verify();
  expect(lines.filter(({ verdict }) => verdict !== "same")).toEqual([]);
  expect(overall(lines)).toBe("same");
});

it("an edited loss of a training batch is named", async () => {
  const row = `where run_id = '${runId}' and phase = 'train' and epoch = 2 and batch = 2`;
  const found = await differingAfter(
    `update batches set loss = loss + 1e-15 ${row}`,
    `update batches set loss = loss - 1e-15 ${row}`,
  );
  expect(found).toContain("chain: train epoch 2, batch 2");
});

it("an edited state digest of any epoch is named", async () => {
  const row = `where run_id = '${runId}' and phase = 'train' and epoch = 1`;
  const flip = `update epochs set state_digest = reverse(state_digest) ${row}`;
  expect(await differingAfter(flip, flip)).toMatch(/chain: val epoch 1, batch 1: .*state digest of train epoch 1/);
});

it("an edited learning rate, which the chain does not cover, is named", async () => {
  const row = `where run_id = '${runId}' and phase = 'train' and epoch = 1 and batch = 2`;
  const found = await differingAfter(
    `update batches set lr = 0.0010001 ${row}`,
    `update batches set lr = 0.001 ${row}`,
  );
  expect(found).toBe("batches: train epoch 1, batch 2");
});

it.each([
  ["class_scores", "auc", "and class = 1"],
  ["epoch_scores", "brier", ""],
])("an edited score in %s is named", async (table, column, where) => {
  const row = `where run_id = '${runId}' and phase = 'test' and epoch = 1 ${where}`;
  const kept = `create table kept as select ${column} as value from ${table} ${row}`;
  const undo = `update ${table} set ${column} = (select value from kept) ${row}; drop table kept`;
  const edit = `update ${table} set ${column} = coalesce(${column}, 0) + 0.001 ${row}`;
  expect(await differingAfter(`${kept}; ${edit}`, undo)).toBe("scores: test epoch 1");
});

it("a deleted batch is missed", async () => {
  const row = `run_id = '${runId}' and phase = 'val' and epoch = 1 and batch = 1`;
  const found = await differingAfter(
    `create table kept as select * from batches where ${row}; delete from batches where ${row}`,
    "insert into batches select * from kept; drop table kept",
  );
  expect(found).toContain("rows: ");
  expect(found).toContain("chain: train epoch 2, batch 1");
});

it("an edited prediction is named, and with it what is computed from it", async () => {
  const row = `where run_id = '${runId}' and phase = 'test' and position = 0`;
  const found = await differingAfter(
    `update predictions set predicted = 1 - predicted ${row}`,
    `update predictions set predicted = 1 - predicted ${row}`,
  );
  expect(found).toMatch(/predictions: test epoch 1, sample /);
  expect(found).toContain("metrics and confusion matrices: test epoch 1");
});

it("an edited test metric of the run's row is named", async () => {
  const found = await differingAfter(
    `alter table runs add column kept float8; update runs set kept = test_accuracy, test_accuracy = 0.99 where run_id = '${runId}'`,
    `update runs set test_accuracy = kept where run_id = '${runId}'; alter table runs drop column kept`,
  );
  expect(found).toMatch(/run row: testAccuracy is .*, the run's row says 0.99/);
});

it("an edited copy of a setting or of the machine in the run's row is named", async () => {
  const change = (factor: string) => `update runs set lr = lr * ${factor}, batch_size = 12 where run_id = '${runId}'`;
  expect(await differingAfter(change("10"), change("0.1"))).toMatch(/^run row: lr is 0.001, the run's row says 0.01$/);
  const edit = `update runs set node_version = reverse(node_version) where run_id = '${runId}'`;
  expect(await differingAfter(edit, edit)).toMatch(/^run row: nodeVersion is /);
});

it("an edited epoch's learning rate is named", async () => {
  const change = (lr: number) =>
    `update epochs set lr = ${lr} where run_id = '${runId}' and phase = 'train' and epoch = 2`;
  expect(await differingAfter(change(0.002), change(0.001))).toBe("metrics and confusion matrices: train epoch 2");
});

it("an edited cell of a confusion matrix is named, and the precision by class that follows from it", async () => {
  const row = `where run_id = '${runId}' and phase = 'val' and epoch = 2 and true_class = 0 and predicted_class = 0`;
  const change = (by: string) => `update confusion_cells set n = n ${by} ${row}`;
  expect(await differingAfter(change("+ 1"), change("- 1"))).toBe(
    "metrics and confusion matrices: val epoch 2\nscores: val epoch 2",
  );
});

it("a moved row of the split is found", async () => {
  const member = "sample_id = (select min(sample_id) from split_members where part = 'val')";
  const [moved] = await place.store.sql<
    { id: string }[]
  >`select min(sample_id) as id from split_members where part = 'val'`;
  const found = await differingAfter(
    `update split_members set part = 'train' where ${member}`,
    `update split_members set part = 'val' where sample_id = '${moved?.id}'`,
  );
  expect(found).toContain(`split: sample ${moved?.id}: its row says train, the run was made with it in val`);
});

it("a swapped label in the sample rows is found", async () => {
  const swap = "update samples set label = 1 - label where position = 3";
  const [swapped] = await place.store.sql<{ id: string }[]>`select sample_id as id from samples where position = 3`;
  expect(await differingAfter(swap, swap)).toContain(`data set: sample ${swapped?.id}: its row says `);
});

it("a checkpoint with a flipped bit is found", async () => {
  const [best] = await place.store.sql<{ path: string }[]>`
    select path from artifacts where run_id = ${runId} and kind = 'checkpoint' and name like 'best-%'`;
  const path = join(place.home, best?.path ?? "");
  const whole = readFileSync(path);
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 5]! ^= 1;
  writeFileSync(path, flipped);
  const lines = await verify();
  writeFileSync(path, whole);
  expect(lines.find(({ what }) => what === "artifacts")).toMatchObject({
    verdict: "differs",
    detail: expect.stringContaining("best-epoch") as string,
  });
});
