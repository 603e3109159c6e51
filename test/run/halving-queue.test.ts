// A sweep with successive halving left to workers, one of which is killed: the decisions and digests of the same sweep in one process.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome } from "../cli/exp-process.ts";
import { tinyExperiment } from "../cli/tiny-experiment.ts";

const SWEEP = tinyExperiment({
  name: "halving",
  base: { size: "small", widthMult: 0.25, imageSizePx: 32, epochs: 3, batchSize: 16 },
  seeds: [0, 1],
  grid: { lr: [1e-3, 3e-4, 1e-5] },
  halving: { factor: 2 },
});
const DECISIONS =
  "select variant, seed, epoch, value, score, rank, variants, kept from v_halving order by epoch, rank, seed";
const RUNS = "select variant, seed, status, digest from v_runs order by variant, seed";
const ALONE = ["--threads", "1"];

const home = makeHome();
let queued: Record<string, string>;
let plain: Record<string, string>;
beforeAll(async () => {
  queued = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  plain = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  home.write("sweep.ts", SWEEP);
  expect((await home.exp(["run", "sweep.ts", "--no-dashboard", ...ALONE], plain)).code).toBe(0);
}, 120_000);
afterAll(() => home.remove());

const rows = async (sql: string, env: Record<string, string>) =>
  jsonLines((await home.exp(["sql", sql, "--json"], env)).stdout);

it("comes to the decisions and digests of a plain run, whoever ends a rung", async () => {
  const told = await home.exp(["run", "sweep.ts", "--queue"], queued);
  expect(told.stdout).toContain("6 runs are queued or done");
  const worker = ["worker", "--drain", ...ALONE, "--checkpoint-every", "1"];
  const victim = home.start(worker, queued);
  await victim.seen(/epoch 1\/3/);
  await sleep(300);
  victim.child.kill("SIGKILL");
  await victim.finished;
  expect((await home.exp(["run", "sweep.ts", "--queue"], queued)).code).toBe(0); // asked again: nothing is sent twice
  const ends = await Promise.all([home.exp(worker, queued), home.exp(worker, queued)]);
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  expect(await rows(DECISIONS, queued)).toEqual(await rows(DECISIONS, plain));
  expect(await rows(RUNS, queued)).toEqual(await rows(RUNS, plain));
  expect(ends.map(({ stdout }) => stdout).join()).toContain("halving after epoch 2, mean best val loss:");
  const jobs = await home.exp(["queue"], queued);
  expect(jobs.stdout).toContain("Nothing waits");
}, 180_000);
