import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listSource } from "../../core/data/list.ts";
import { keepFacts, readKnownFacts } from "../../core/data/known-facts.ts";
import { folder, phantom } from "../../core/data/source.ts";
import { picture, temporaryFolder, temporaryHome, writeClassFolders, writeFiles } from "./fixtures.ts";

it("a second listing takes what is known of the same bytes, and looks at what is new", async () => {
  await temporaryHome();
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 2, b: 2 });
  const source = folder(root);
  const first = await listSource(source);
  const known = await readKnownFacts(source);
  expect([...known.keys()].sort()).toEqual(first.manifest.samples.map(({ sha256 }) => sha256).sort());
  const marked = first.facts.map((facts) => ({ ...facts, widthPx: 999 })); // shows where a fact comes from
  await keepFacts(source, marked, new Map());
  await writeFiles(root, { "a/0.png": await picture("another") });
  const second = await listSource(source);
  expect(second.manifest.samples.map(({ widthPx }) => widthPx)).toEqual([40, 999, 999, 999]);
});

it("known bytes under a wrong extension are still refused", async () => {
  await temporaryHome();
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 2, b: 2 });
  await listSource(folder(root));
  await rename(join(root, "a/1.png"), join(root, "a/1.jpg"));
  await expect(listSource(folder(root))).rejects.toThrow(/a\/1\.jpg: named \.jpg, but its bytes are png/);
});

it("a damaged file of facts costs time only, and simulated images keep hashes only", async () => {
  const home = await temporaryHome();
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 2, b: 2 });
  const first = await listSource(folder(root));
  const [name] = await readdir(join(home, "cache/facts"));
  await writeFile(join(home, "cache/facts", name!), "{ damaged");
  expect((await listSource(folder(root))).manifest.digest).toBe(first.manifest.digest);
  await listSource(phantom({ samples: 4, sizePx: 32 }));
  const kept = await readdir(join(home, "cache/facts"));
  expect(kept.filter((one) => !one.startsWith("phantom-"))).toEqual([name]);
});
