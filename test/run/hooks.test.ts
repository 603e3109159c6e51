// Hooks and histograms of an experiment file: stored, hashed by source, and without any influence on the bits.
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "../cli/exp-process.ts";
import { tinyExperiment } from "../cli/tiny-experiment.ts";

let home: Home;
let env: Record<string, string>;
beforeAll(async () => {
  home = makeHome();
  env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
});
afterAll(() => home.remove());

const HOOK = `
  histograms: { gradients: true, everyEpochs: 2 },
  onEpochEnd(ctx) {
    ctx.log("gap", ctx.val.loss - ctx.train.loss);
    ctx.table("epoch", [{ epoch: ctx.epoch, best: ctx.best }]);
  },`;

/** @param extra keys of the experiment, as text */
function write(file: string, extra: string): void {
  home.write(
    `${file}.ts`,
    tinyExperiment({ name: file }).replace('"positiveClass"', () => `${extra}\n"positiveClass"`),
  );
}

async function run(file: string): Promise<{ run: string; digest: string | null; status: string }> {
  const { stdout } = await home.exp(["run", `${file}.ts`, "--json", "--no-dashboard", "--threads", "1"], env);
  return (jsonLines(stdout).at(-1)?.["runs"] as { run: string; digest: string; status: string }[])[0]!;
}

async function sql(query: string): Promise<Record<string, unknown>[]> {
  return jsonLines((await home.exp(["sql", query, "--json"], env)).stdout);
}

it("a hook's numbers, tables and histograms are stored, and the digest is that of the run without them", async () => {
  write("plain", "");
  write("hooked", HOOK);
  const plain = await run("plain");
  const hooked = await run("hooked");
  expect(hooked).toMatchObject({ status: "done", digest: plain.digest });
  const gaps = await sql(`select m.epoch, m.value = v.loss - t.loss as same from v_metrics m
    join v_epochs t on t.run_id = m.run_id and t.epoch = m.epoch and t.phase = 'train'
    join v_epochs v on v.run_id = m.run_id and v.epoch = m.epoch and v.phase = 'val'
    where m.run_id = '${hooked.run}' and m.name = 'gap' order by 1`);
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.every((row) => row["same"] === true)).toBe(true);
  const [counts] = await sql(`select
    (select count(*)::int from v_artifacts where run_id = '${hooked.run}' and kind = 'table') as tables,
    (select count(distinct epoch)::int from v_histograms where run_id = '${hooked.run}') as epochs,
    (select count(*)::int from v_histograms where run_id = '${hooked.run}' and name like 'gradients/%') > 0 as gradients,
    (select count(*)::int from v_histograms where run_id = '${hooked.run}' and name like 'weights/%') > 0 as weights,
    (select count(*)::int from v_metrics where run_id = '${hooked.run}' and name = 'system/process_memory_mb') > 0 as system`);
  expect(counts).toMatchObject({ tables: gaps.length, gradients: true, weights: true, system: true });
  expect(counts?.["epochs"]).toBe(Math.floor(gaps.length / 2));
  const hashes = await sql(
    `select distinct settings_hash from v_runs where run_id in ('${plain.run}', '${hooked.run}')`,
  );
  expect(hashes).toHaveLength(2); // the hook's source is part of it
  expect((await home.exp(["verify", hooked.run, "--json"], env)).code).toBe(0);
}, 120_000);

it("a hook that throws ends its run as failed, with its name, epoch and reason", async () => {
  write("broken", "\n  onEpochEnd() { throw new TypeError('no such thing'); },");
  const broken = await run("broken");
  expect(broken.status).toBe("failed");
  const [row] = await sql(`select error_message from v_runs where run_id = '${broken.run}'`);
  expect(row?.["error_message"]).toContain("onEpochEnd after epoch 1: TypeError: no such thing");
}, 60_000);
