import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { listSource } from "../../core/data/list.ts";
import { phantom } from "../../core/data/source.ts";
import { readDrawnHashes } from "../../core/data/sources/drawn-hashes.ts";
import { temporaryHome } from "./fixtures.ts";

const source = phantom({ samples: 6, sizePx: 32 });
let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

it("a second start knows the images' hashes without drawing, and other parameters are another set", async () => {
  expect(await readDrawnHashes(source)).toBeNull();
  const { manifest } = await listSource(source);
  expect(await readDrawnHashes(source)).toEqual(manifest.samples.map(({ sha256 }) => sha256));
  expect((await listSource(source)).manifest.digest).toBe(manifest.digest);
  expect(await readDrawnHashes({ ...source, seed: 1 })).toBeNull();
});

it("a damaged file is drawn anew, and a hash that is not the image's is found when it is decoded", async () => {
  const { manifest } = await listSource(source);
  const folder = join(home, "cache", "facts");
  const file = join(folder, readdirSync(folder)[0]!);
  writeFileSync(file, "half of");
  expect((await listSource(source)).manifest.digest).toBe(manifest.digest);
  writeFileSync(file, manifest.samples.map(() => "0".repeat(64)).join("\n"));
  await expect((await listSource(source)).decode(0)).rejects.toThrow("is drawn otherwise");
});
