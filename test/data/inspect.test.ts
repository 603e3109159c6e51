// What exp data inspect and exp data audit find.
import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { pictureLeaks, storedLeaks } from "../../core/data/audit.ts";
import { findDuplicates } from "../../core/data/duplicates.ts";
import { inspectListing } from "../../core/data/inspect.ts";
import { listSource } from "../../core/data/list.ts";
import { pairSheet } from "../../core/data/pair-sheet.ts";
import type { SplitPart } from "../../core/data/sample.ts";
import { folder } from "../../core/data/source.ts";
import {
  manifestOf,
  noisePixels,
  picture,
  temporaryFolder,
  temporaryHome,
  writeClassFolders,
  writeFiles,
} from "./fixtures.ts";

beforeEach(async () => {
  await temporaryHome();
});

async function inspect(files: Readonly<Record<string, Buffer | string>>, counts: Readonly<Record<string, number>>) {
  const root = await temporaryFolder();
  await writeClassFolders(root, counts);
  await writeFiles(root, files);
  const listing = await listSource(folder(root), { onBadImage: "skip" });
  return { listing, found: inspectListing(listing, await findDuplicates(listing)) };
}

describe("an inspection", () => {
  it("counts classes, sizes, formats and channels", async () => {
    const grey = await sharp(await picture("grey"))
      .greyscale()
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const { found } = await inspect(
      { "a/grey.png": grey, "b/wide.png": await picture("wide", 64, 32) },
      { a: 2, b: 2 },
    );
    expect(found.classes).toEqual([
      { name: "a", samples: 3, parts: { none: 3 } },
      { name: "b", samples: 3, parts: { none: 3 } },
    ]);
    expect(found.sizes).toEqual([
      { value: "40 x 32", count: 5 },
      { value: "64 x 32", count: 1 },
    ]);
    expect(found.formats).toEqual([{ value: "png", count: 6 }]);
    expect(found.channels).toEqual([
      { value: "3", count: 5 },
      { value: "1", count: 1 },
    ]);
    expect(found.warnings).toEqual([]);
  });

  it("says what is wrong with a label: pairs across classes come first, on the sheet too", async () => {
    const twin = await picture("a/0");
    const { listing, found } = await inspect({ "a/again.png": twin, "b/twin.png": twin }, { a: 3, b: 3 });
    expect(found.duplicates.map(({ a, b, acrossClasses }) => [a, b, acrossClasses])).toEqual([
      ["a/0.png", "b/twin.png", true],
      ["a/again.png", "b/twin.png", true],
      ["a/0.png", "a/again.png", false],
    ]);
    expect(found.warnings).toEqual([
      "2 pairs of duplicates are in different classes, such as a/0.png and b/twin.png (identical files)",
    ]);
    const sheet = await pairSheet(listing, found, 2);
    expect(await sharp(sheet!).metadata()).toMatchObject({ format: "png", width: 6 * 168 + 8 });
  });

  it("warns of unequal classes, of files whose format tells the class, and of names that stand in two classes", async () => {
    const jpeg = await sharp(noisePixels("jpeg", 40, 32), { raw: { width: 40, height: 32, channels: 3 } })
      .jpeg()
      .toBuffer();
    const files = { "b/scan.jpg": jpeg, "a/scan.jpg.png": await picture("name"), "b/scan.jpg.png": "" };
    const { found } = await inspect(files, { a: 4 });
    expect(found.skipped).toEqual([{ id: "b/scan.jpg.png", reason: "empty: 0 bytes" }]);
    expect(found.warnings[0]).toBe(
      'classes are unequal: "a" has 5 images, "b" 1; always saying "a" would be right for 83 %',
    );
    expect(found.warnings).toContain(
      'the format of the file predicts the class: 1 of 1 of "b" are jpeg, 0 of the other 5 images',
    );
    const named = await inspect({ "a/scan.png": await picture(1), "b/scan.png": await picture(2) }, { a: 1, b: 1 });
    expect(named.found.warnings).toEqual([
      '2 images share their file\'s name with one of another class: a/scan.png has the same name as b/scan.png in class "b"',
    ]);
  });
});

describe("an audit", () => {
  const parts = (of: readonly SplitPart[]) => new Map(of.map((part, i) => [`sample-0000${i}`, part]));

  it("finds a group and identical bytes on both sides in what is stored", () => {
    const same = "a".repeat(64);
    const manifest = manifestOf([
      { label: 0, group: "p" },
      { label: 1, group: "p" },
      { label: 0, sha256: same },
      { label: 0, sha256: same },
      { label: 1, sha256: same },
    ]);
    expect(storedLeaks(manifest, parts(["train", "test", "val", "val", "train"]))).toEqual([
      { kind: "group", a: "sample-00000", partOfA: "train", b: "sample-00001", partOfB: "test" },
      { kind: "bytes", a: "sample-00002", partOfA: "val", b: "sample-00004", partOfB: "train" },
    ]);
    expect(storedLeaks(manifest, parts(["train", "train", "val", "val", "val"]))).toEqual([]);
  });

  it("finds near-duplicates on both sides by looking at the pictures again", async () => {
    const nearly = await sharp(await picture("a/0"))
      .linear(0.9, 4)
      .png()
      .toBuffer();
    const { listing } = await inspect({ "a/nearly.png": nearly }, { a: 1, b: 1 });
    const partOf = new Map<string, SplitPart>([
      ["a/0.png", "train"],
      ["a/nearly.png", "test"],
      ["b/0.png", "train"],
    ]);
    const expected = { kind: "near", a: "a/0.png", partOfA: "train", b: "a/nearly.png", partOfB: "test" };
    expect(await pictureLeaks(listing, partOf)).toEqual([expected]);
    expect(await pictureLeaks(listing, new Map([...partOf, ["a/nearly.png", "train"]]))).toEqual([]);
  });
});
