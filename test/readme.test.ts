// What the README and docs/files.md say is held against the project itself.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { fileList } from "../docs/write-files.mjs";
import { makeHome } from "./cli/exp-process.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const home = makeHome();
afterAll(() => home.remove());

it("docs/files.md names every file with the purpose in its header (npm run files)", () => {
  expect(read("docs/files.md")).toBe(fileList());
});

it("a smoke run ends in the digests that the README prints", async () => {
  const file = fileURLToPath(new URL("../experiments/frozen-backbone.ts", import.meta.url));
  const { code, stdout } = await home.exp(["run", file, "--smoke", "--json", "--no-dashboard"]);
  expect(code).toBe(0);
  const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { runs: { variant: string; digest: string }[] };
  const made = last.runs.map(({ variant, digest }) => `${variant.padEnd(12)} ${digest}`);
  expect(read("README.md")).toContain(made.join("\n"));
}, 300_000);
