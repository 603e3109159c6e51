// A queued run that brings a hook which the worker's experiment file does not hold: left to others unless --trust-code is given.
import { rmSync } from "node:fs";
import { afterAll, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome } from "../cli/exp-process.ts";
import { tinyExperiment } from "../cli/tiny-experiment.ts";

const home = makeHome();
afterAll(() => home.remove());

it("a hook that is not in the worker's file runs only with --trust-code", async () => {
  const env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  const text = tinyExperiment().replace(
    '"positiveClass"',
    () => `onEpochEnd(ctx) { ctx.log("own", named(ctx)); },\n"positiveClass"`,
  );
  const file = home.write("sweep.ts", `import { named } from "./named.ts";\n${text}`);
  const beside = home.write("named.ts", "export const named = (ctx: { epoch: number }) => 10 * ctx.epoch;\n");
  expect((await home.exp(["run", file, "--queue"], env)).code).toBe(0);
  for (const path of [file, beside]) rmSync(path);
  const worker = ["worker", "--drain", "--threads", "1"];
  const careful = await home.exp(worker, env);
  expect(careful.stdout + careful.stderr).toContain("exp worker --trust-code runs it: code of whoever queued the run.");
  const [waiting] = jsonLines((await home.exp(["queue", "--json"], env)).stdout);
  expect(waiting).toMatchObject({ status: "queued", standing: "given back" });
  expect(waiting?.["reason"]).toContain("brings code of its own");
  expect((await home.exp([...worker, "--trust-code"], env)).code).toBe(0);
  const logged = "select value from v_metrics where name = 'own' order by step";
  const rows = jsonLines((await home.exp(["sql", logged, "--json"], env)).stdout);
  expect(rows.map(({ value }) => value)).toEqual([10, 20]);
}, 120_000);
