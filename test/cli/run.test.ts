// `exp run` from the file to the rows: equal bits twice, continuing, what it starts from, interruption, two at a time.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

interface Run {
  readonly run: string;
  readonly experiment: string;
  readonly variant: string;
  readonly seed: number;
  readonly status: string;
  readonly digest: string;
  readonly test: Record<string, unknown>;
}

vi.setConfig({ testTimeout: 180_000 }); // several processes a test, each compiles TypeScript as it starts

let home: Home;
let first: Run | undefined; // of tiny.ts, made by the first test
let profiled: Run | undefined; // the same, made by the second with --profile
beforeAll(() => {
  home = makeHome();
  home.write("tiny.ts", tinyExperiment());
});
afterAll(() => home.remove());

async function run(file: string, ...flags: string[]): Promise<Run[]> {
  const { code, stdout, stderr } = await home.exp(["run", file, "--json", "--no-dashboard", ...flags]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout).at(-1)?.["runs"] as Run[];
}

async function sql(query: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await home.exp(["sql", query, "--json"]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout);
}

it("--json ends with the runs, their digests and test metrics; rows are as many as the settings ask for", async () => {
  const [one] = await run("tiny.ts", "--threads", "1");
  first = one;
  expect(one).toMatchObject({
    experiment: "tiny",
    variant: "base",
    seed: 0,
    status: "done",
    digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
  const { confusion, ...metrics } = one?.test ?? {};
  expect(Object.keys(metrics).sort()).toEqual(["accuracy", "auc", "f1", "loss", "precision", "recall"]);
  const [counts] = await sql(`
    select (select count(*)::int from batches where run_id = r.run_id and phase = 'train') as train,
      (select sum(n)::int from confusion_cells where run_id = r.run_id and phase = 'test') as tested,
      r.test_samples, r.test_accuracy, (select avg((label = predicted)::int)::float8 from predictions where run_id = r.run_id and phase = 'test') as recomputed,
      (select count(*)::int from artifacts where run_id = r.run_id and kind = 'contact-sheet') as sheets,
      (select count(*)::int from artifacts where dataset_digest = r.dataset_digest and kind = 'thumbnail') as thumbnails,
      r.val_samples
    from runs r where run_id = '${one?.run}'`);
  expect(counts).toMatchObject({ train: 6, sheets: 1 });
  expect(counts?.["tested"]).toBe(counts?.["test_samples"]);
  expect((confusion as number[][]).flat().reduce((a, b) => a + b, 0)).toBe(counts?.["tested"]);
  expect(counts?.["recomputed"]).toBeCloseTo(counts?.["test_accuracy"] as number, 12);
  expect(counts?.["thumbnails"]).toBe((counts?.["val_samples"] as number) + (counts?.["test_samples"] as number));
});

it("the same command again makes a new run with the same digest and the same losses, row by row", async () => {
  const [again] = await run("tiny.ts", "--threads", "2", "--profile");
  profiled = again;
  expect(again?.run).not.toBe(first?.run);
  expect(again?.digest).toBe(first?.digest);
  const differing = await sql(`
    select a.phase, a.epoch, a.batch from batches a join batches b using (phase, epoch, batch)
    where a.run_id = '${first?.run}' and b.run_id = '${again?.run}' and (a.loss <> b.loss or a.chain <> b.chain)`);
  expect(differing).toEqual([]);
});

it("--profile stores milliseconds by kind of kernel, which add up to the time that passed, and shows them", async () => {
  const stored = await sql(`
    select work, min(batches) as batches, sum(share) as share, sum(ms)::float8 as ms, count(*) filter (where ms < 0)::int as negative
    from v_kernel_times where run_id = '${profiled?.run}' group by work order by work`);
  expect(stored).toMatchObject([
    { work: "evaluate", negative: 0 },
    { work: "fold", negative: 0 }, // batch-norm into the weights, before each evaluation
    { work: "train", batches: 6, negative: 0 },
  ]);
  for (const { share } of stored) expect(share).toBeCloseTo(1, 6);
  const { stdout } = await home.exp(["show", profiled?.run ?? ""]);
  expect(stdout).toMatch(/Where the time of train went \(6 batches, [\d.]+ ms each\)[^]+convBackward/);
  expect(stdout).toMatch(
    /Main thread: event-loop delay [\d.]+ ms in the median, [\d.]+ ms at the 99th percentile, [\d.]+ ms at most/,
  );
  const { stdout: profiledJson } = await home.exp(["show", profiled?.run ?? "", "--json"]);
  const { p50Ms, p99Ms, maxMs } = jsonLines(profiledJson)[0]?.["loopDelay"] as Record<string, number>;
  expect([0, p50Ms, p99Ms, maxMs]).toEqual([0, p50Ms, p99Ms, maxMs].toSorted((a = 0, b = 0) => a - b));
  const { stdout: json } = await home.exp(["show", first?.run ?? "", "--json"]);
  expect(jsonLines(json)[0]?.["kernelTimes"]).toEqual([]);
  expect(jsonLines(json)[0]?.["loopDelay"]).toBe(null);
});

it("another seed has other losses on the same split", async () => {
  const [five] = await run("tiny.ts", "--seed", "5");
  expect(five?.digest).not.toBe(first?.digest);
  const splits = await sql(`select distinct split_digest from runs where run_id in ('${first?.run}', '${five?.run}')`);
  expect(splits.length).toBe(1);
});

it("an unfinished sweep keeps what is done and trains the rest", async () => {
  home.write("two.ts", tinyExperiment({ name: "two", variants: { a: {}, b: { lr: 0.01 } } }));
  const [a] = await run("two.ts", "--variant", "a");
  const both = await run("two.ts");
  expect(both.map(({ variant }) => variant)).toEqual(["a", "b"]);
  expect(both[0]?.run).toBe(a?.run);
  const anew = await run("two.ts");
  expect(anew.map(({ run: id }) => id)).not.toContain(a?.run);
  expect(anew.map(({ digest }) => digest)).toEqual(both.map(({ digest }) => digest));
});

it("what a run starts from is trained first, once, and its lineage is stored", async () => {
  home.write(
    "base-task.ts",
    tinyExperiment({
      name: "base-task",
      data: { kind: "phantom", task: "texture", samples: 64, sizePx: 32, balance: null, difficulty: 0.5, seed: 0 },
      positiveClass: "anechoic-oval",
    }),
  );
  home.write(
    "child.ts",
    tinyExperiment({
      name: "child",
      base: { ...TINY_SETTINGS, freeze: "backbone", init: { kind: "run", run: "base-task/base/0" } },
    }),
  );
  await run("child.ts");
  await run("child.ts");
  const rows = await sql(
    "select r.init, p.run_id as parent, p.status from runs r join runs p on p.run_id = r.parent_run_id where r.experiment = 'child'",
  );
  expect(rows.length).toBe(2);
  expect(new Set(rows.map(({ parent }) => parent)).size).toBe(1);
  expect(rows[0]).toMatchObject({ status: "done", init: `run:${String(rows[0]?.["parent"])}` });
});

it("two commands at the same time both finish and train what they start from once", async () => {
  home.write("shared.ts", tinyExperiment({ name: "shared" }));
  home.write(
    "left.ts",
    tinyExperiment({ name: "left", base: { ...TINY_SETTINGS, init: { kind: "run", run: "shared/base/0" } } }),
  );
  home.write(
    "right.ts",
    tinyExperiment({ name: "right", base: { ...TINY_SETTINGS, init: { kind: "run", run: "shared/base/0" } } }),
  );
  const [left, right] = await Promise.all([run("left.ts"), run("right.ts")]);
  expect(left[0]?.status).toBe("done");
  expect(left[0]?.digest).toBe(right[0]?.digest);
  expect(await sql("select count(*)::int as n from runs where experiment = 'shared'")).toEqual([{ n: 1 }]);
});

it("Ctrl-C in the middle of an epoch: exit code 130, the run says interrupted, and the same command goes on with it to the same digest", async () => {
  home.write("long.ts", tinyExperiment({ name: "long", base: { ...TINY_SETTINGS, epochs: 12 } }));
  const started = home.start(["run", "long.ts", "--no-dashboard"]);
  await started.seen(/epoch 2\/12/);
  started.child.kill("SIGINT");
  const { code, stdout } = await started.finished;
  expect(code).toBe(130);
  expect(stdout).toContain("interrupted by Ctrl-C");
  const [row] = await sql(
    "select run_id, status, (select count(*)::int from batches b where b.run_id = r.run_id and phase = 'train') as n from runs r where experiment = 'long'",
  );
  expect(row).toMatchObject({ status: "interrupted" });
  expect(row?.["n"]).toBeGreaterThanOrEqual(6);
  const [resumed] = await run("long.ts");
  expect(resumed?.run).toBe(row?.["run_id"]);
  const [undisturbed] = await run("long.ts", "--fresh");
  expect(resumed?.digest).toBe(undisturbed?.digest);
});

it("exp stop ends a run cleanly and exp resume goes on with it", async () => {
  home.write("stop.ts", tinyExperiment({ name: "stop", base: { ...TINY_SETTINGS, epochs: 60 } }));
  const started = home.start(["run", "stop.ts", "--no-dashboard"]);
  await started.seen(/epoch 1\/60/);
  const stopped = await home.exp(["stop", "stop/base/0", "--json"]);
  expect(jsonLines(stopped.stdout).at(-1)).toMatchObject({ type: "stopped", status: "interrupted" });
  await started.finished;
  const resumed = await home.exp(["resume", "stop/base/0", "--json"]);
  expect(resumed.code, resumed.stderr).toBe(0);
  const again = await home.exp(["resume", "stop/base/0"]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("it is done");
});

it("console output of the experiment's code is not mixed into --json", async () => {
  home.write("chatty.ts", `console.log("hello from the file");\n${tinyExperiment({ name: "chatty" })}`);
  const { stdout } = await home.exp(["run", "chatty.ts", "--json", "--no-dashboard"]);
  for (const line of stdout.trim().split("\n")) expect(() => JSON.parse(line) as unknown).not.toThrow();
});

it("--smoke trains two epochs at 32 px on 64 images", async () => {
  home.write(
    "full.ts",
    tinyExperiment({
      name: "full",
      seeds: [3, 4],
      data: { kind: "phantom", task: "malignancy", samples: 780, sizePx: 96, balance: null, difficulty: 0.5, seed: 0 },
      base: { widthMult: 0.35 },
    }),
  );
  const runs = await run("full.ts", "--smoke");
  expect(runs.map(({ seed }) => seed)).toEqual([3]);
  const [row] = await sql(
    "select smoke, image_size_px, epochs, train_samples + val_samples + test_samples as samples from runs where experiment = 'full'",
  );
  expect(row).toEqual({ smoke: true, image_size_px: 32, epochs: 2, samples: 64 });
  expect(existsSync(join(home.folder, ".exp", "runs"))).toBe(true);
});
