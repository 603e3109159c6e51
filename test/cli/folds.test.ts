// k-fold cross-validation from the file to the verdict: each fold is a run with a name, and one of them is verified and trained again.
// And patients named by a pattern on the path, whose images stay together.
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { picture, writeFiles } from "../data/fixtures.ts";
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

it("a pattern on the path names the patients: none is in two parts, one with two labels is told, so is the distance from the fractions", async () => {
  for (let i = 0; i < 48; i++) {
    const name = `${i % 2 === 0 ? "a" : "b"}/${Math.floor(i / 4)}x${i % 2}_${i}.png`; // 0x0_0, 0x1_1, 0x0_2, …
    await writeFiles(join(home.folder, "patients"), { [name]: await picture(i) });
  }
  await writeFiles(join(home.folder, "patients"), { "b/0x0_other.png": await picture("other") });
  const experiment = tinyExperiment({ name: "patients", positiveClass: "b", base: { ...TINY_SETTINGS, epochs: 1 } });
  const data = String.raw`data: folder("patients", { group: /^(\d+x\d)_/ })`;
  home.write(
    "patients.ts",
    experiment.replace("defineExperiment }", "defineExperiment, folder }").replace(/"data":\{.*?\}/, data),
  );
  const printed = await exp("run", "patients.ts", "--no-dashboard");
  expect(printed).toMatch(/split: train \d+ .* asked for 70, 15 and 15 %; farthest from it: "[ab]" in \w+, by \d/);
  expect(printed).toMatch(/1 groups have images of several classes \(0x0\); each counts to the class of most of them/);
  const torn = `select group_id from split_members m join splits s using (split_digest)
    join samples p on p.dataset_digest = s.dataset_digest and p.sample_id = m.sample_id
    where group_id like '%x%' group by group_id having count(distinct part) > 1`;
  expect(await exp("sql", torn, "--json")).toBe("");
  expect(await exp("data", "audit", "patients/base/0")).toMatch(/No leak among 49 samples/);
});
