// Preparing images on a full disk, and killed in its midst: one clear error, no half file; a second start works and `exp gc` takes
// what the killed one left.
import { mkdirSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { writeClassFolders } from "../data/fixtures.ts";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";

const PREPARE = ["data", "prepare", "images", "--size", "32", "--json"];

let home: Home;
let cache: string;
beforeAll(async () => {
  home = makeHome();
  cache = join(home.folder, ".exp", "cache", "prepared");
  mkdirSync(cache, { recursive: true });
  await writeClassFolders(join(home.folder, "images"), { a: 60, b: 60 }); // 40 x 32 px: 460 kB when prepared
});
afterAll(() => home.remove());

const unfinished = (): string[] => readdirSync(cache).filter((name) => name.endsWith(".tmp"));

it("a full disk is one clear error and leaves no half file", async () => {
  const full = await home.exp(PREPARE, {}, { fileLimitKiB: 200 });
  expect(full.code).toBe(1);
  const next = "Free space, or move the home folder with EXP_HOME.";
  const message = expect.stringMatching(/^prepared images .*\.images: cannot be written \(EFBIG\)$/) as string;
  expect(jsonLines(full.stdout)).toMatchObject([{ type: "error", code: "storage", message, next }]);
  expect(readdirSync(cache)).toEqual([]);
}, 60_000);

/** @returns whether it was still at work */
async function killWhilePreparing(): Promise<boolean> {
  const started = home.start(PREPARE);
  const watcher = watch(cache, () => started.child.kill("SIGKILL"));
  const { signal } = await started.finished;
  watcher.close();
  return signal === "SIGKILL" && unfinished().length > 0;
}

it("killed in its midst, a second start works, and exp gc takes what was left, but not what is new", async () => {
  while (!(await killWhilePreparing())) continue;
  const [prepared] = jsonLines((await home.exp(PREPARE)).stdout);
  expect(prepared).toMatchObject({ type: "prepared", images: 120 });
  const left = unfinished();
  expect(left).toHaveLength(1);
  const env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  const [gc] = jsonLines((await home.exp(["gc", "--json"], env)).stdout);
  expect((gc?.["caches"] as { path: string }[]).map(({ path }) => path)).toEqual([join(cache, left[0]!)]);
  expect(readdirSync(cache).map((name) => join(cache, name))).toEqual([prepared?.["path"]]);
}, 120_000);
