// k-fold cross-validation from the file to the verdict: each fold is a run with a name, and one of them is verified and trained again.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

vi.setConfig({ testTimeout: 180_000 });

let home: Home;
beforeAll(() => {
  home = makeHome();
  home.write("cv.ts", tinyExperiment({ name: "cv", split: { folds: 3 }, base: { ...TINY_SETTINGS, epochs: 1 } }));
});
afterAll(() => home.remove());

async function exp(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await home.exp(args);
  expect(code, stderr).toBe(0);
  return stdout;
}

it("three folds are three runs which together test every sample once; the third is verified and reproduced by its name", async () => {
  const printed = jsonLines(await exp("run", "cv.ts", "--json", "--no-dashboard"));
  expect(printed.at(-1)?.["runs"]).toMatchObject([{ status: "done" }, { status: "done" }, { status: "done" }]);
  const tested = await exp(
    ...["sql", "select fold, sample_id from runs join predictions using (run_id) where phase = 'test'", "--json"],
  );
  expect(new Set(jsonLines(tested).map((row) => row["sample_id"])).size).toBe(48);
  expect(jsonLines(tested)).toHaveLength(48);
  expect(await exp("verify", "cv/base/0.2")).toMatch(/: same$/m);
  expect(await exp("reproduce", "cv/base/0.2")).toMatch(/: same$/m);
});
