import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { listSource } from "../../core/data/list.ts";
import { csv, folder, parts, phantom, sourceFromPath } from "../../core/data/source.ts";
import { picture, temporaryFolder, temporaryHome, writeClassFolders, writeFiles } from "./fixtures.ts";

beforeEach(async () => {
  await temporaryHome();
});

/** Four pictures and a table beside them. */
async function tableFolder(table: string): Promise<string> {
  const root = await temporaryFolder();
  for (let i = 1; i <= 4; i++) await writeFiles(root, { [`images/${i}.png`]: await picture(i) });
  await writeFiles(root, { "table.csv": table });
  return join(root, "table.csv");
}
const columns = { path: "file", label: "diagnosis", group: "patient", split: "part" };

describe("a table", () => {
  it.each([
    ["commas", ","],
    ["semicolons", ";"],
    ["tabs", "\t"],
  ])("is read with %s, a byte-order mark and quoted fields", async (_, d) => {
    const lines = [
      ["file", "diagnosis", "patient", "part"],
      ["images/1.png", '"a, b; c"', "p1", "train"],
      ["images/2.png", "x", "p1", "training"],
      ["images/3.png", '"a, b; c"', "", "valid"],
      ["images/4.png", "x", "p2", "test"],
    ];
    const path = await tableFolder(`\ufeff${lines.map((line) => line.join(d)).join("\r\n")}\r\n`);
    const { manifest } = await listSource(csv(path, { columns }));
    expect(manifest.classes).toEqual(["a, b; c", "x"]);
    expect(manifest.samples.map(({ id, label, group, officialPart }) => [id, label, group, officialPart])).toEqual([
      ["images/1.png", 0, "p1", "train"],
      ["images/2.png", 1, "p1", "train"],
      ["images/3.png", 0, null, "val"],
      ["images/4.png", 1, "p2", "test"],
    ]);
  });

  it("needs nothing but path and label", async () => {
    const path = await tableFolder("path,label\nimages/1.png,a\nimages/2.png,b\n");
    const { manifest } = await listSource(sourceFromPath(path));
    expect(manifest.samples.map(({ officialPart, group }) => [officialPart, group])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it("takes its paths from another folder where one is named", async () => {
    const path = await tableFolder("path,label\n1.png,a\n2.png,b\n");
    const { manifest } = await listSource(csv(path, { root: join(path, "../images") }));
    expect(manifest.samples).toHaveLength(2);
  });

  it.each([
    ["a missing column", "file,label\n1.png,a\n", /no column "path" for the path; its columns are file, label/],
    ["one class", "path,label\n1.png,a\n2.png,a\n", /one class only, "a"/],
    ["a path that stands twice", "path,label\n1.png,a\n1.png,b\n", /"1\.png" stands in line 2 and again in line 3/],
    ["a row that is too short", "path,label\n1.png\n", /line 2/],
    ["an empty label", "path,label\n1.png,a\n2.png,\n3.png,b\n", /line 3 has no label/],
    ["no rows", "path,label\n", /it has no rows/],
    [
      "images outside of its folder",
      "path,label\n../x.png,a\n/etc/y.png,b\n",
      /\.\.\/x\.png: outside of .*csv\(path, \{ root \}\)\n {2}\/etc\/y\.png: outside/,
    ],
    ["images that are missing", "path,label\nx.png,a\ny.png,b\n", /2 images cannot be used:\n {2}x\.png: no such file/],
  ])("is refused with %s", async (_, table, message) => {
    await expect(listSource(csv(await tableFolder(table)))).rejects.toThrow(message);
  });
});

describe("three sources", () => {
  it("are one, each its own part", async () => {
    const root = await temporaryFolder();
    await writeClassFolders(root, { "x/a": 2, "x/b": 1, "y/a": 1, "y/b": 1, "z/a": 1, "z/b": 1 });
    const source = parts({
      train: folder(join(root, "x")),
      val: folder(join(root, "y")),
      test: folder(join(root, "z")),
    });
    const { manifest } = await listSource(source);
    expect(manifest.samples.map(({ id, officialPart }) => `${officialPart} ${id}`)).toEqual([
      ...["test test/a/0.png", "test test/b/0.png"],
      ...["train train/a/0.png", "train train/a/1.png", "train train/b/0.png"],
      ...["val val/a/0.png", "val val/b/0.png"],
    ]);
  });

  it("must have the same classes", async () => {
    const [one, other] = [phantom({ samples: 4, sizePx: 32 }), phantom({ task: "texture", samples: 8, sizePx: 32 })];
    await expect(listSource(parts({ train: one, val: one, test: other }))).rejects.toThrow(
      /test has the classes anechoic-oval.*train has benign, malignant/,
    );
  });
});
