import { existsSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { findDuplicates, groupSamples } from "../../core/data/duplicates.ts";
import { listSource, type Listing } from "../../core/data/list.ts";
import { folder } from "../../core/data/source.ts";
import { makeSplit, splitSamples, type SplitRequest } from "../../core/data/split.ts";
import { partsBySample, splitWarnings } from "../../core/data/warnings.ts";
import { manifestOf, picture, temporaryFolder, temporaryHome, writeClassFolders, writeFiles } from "./fixtures.ts";

beforeEach(async () => {
  await temporaryHome();
});

const REQUEST = { train: 0.6, val: 0.2, test: 0.2, seed: 0 };

async function splitListing(listing: Listing, request: SplitRequest) {
  const pairs = await findDuplicates(listing);
  const groups = groupSamples(listing.manifest, pairs);
  return { pairs, groups, split: splitSamples(listing.manifest, request, groups) };
}

/** Twelve different pictures, and copies of one: as it is, encoded anew, and made darker and smaller. */
async function foldersWithCopies(): Promise<string> {
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 6, b: 6 });
  const original = await picture("a/0");
  await writeFiles(root, {
    "a/same-bytes.png": original,
    "a/same-pixels.png": await sharp(original).png({ compressionLevel: 1 }).toBuffer(),
    "b/nearly.png": await sharp(original).resize(38, 30).linear(0.9, 3).png().toBuffer(),
  });
  return root;
}

describe("duplicates", () => {
  it("are found by bytes, pixels and likeness, and nothing else is", async () => {
    const listing = await listSource(folder(await foldersWithCopies()));
    const name = (index: number): string => listing.manifest.samples[index]!.id;
    const pairs = (await findDuplicates(listing)).map(({ a, b, kind }) => `${name(a)} ${name(b)} ${kind}`);
    expect(pairs).toEqual([
      "a/0.png a/same-bytes.png bytes",
      "a/0.png a/same-pixels.png pixels",
      "a/0.png b/nearly.png near",
      "a/same-bytes.png a/same-pixels.png pixels",
      "a/same-bytes.png b/nearly.png near",
      "a/same-pixels.png b/nearly.png near",
    ]);
  });

  it("are one group, which a split keeps on one side", async () => {
    const listing = await listSource(folder(await foldersWithCopies()));
    for (const seed of [0, 1, 2, 3, 4]) {
      const { split, groups, pairs } = await splitListing(listing, { ...REQUEST, seed });
      expect(new Set(groups).size).toBe(12);
      const partOf = partsBySample(split, groups.length);
      for (const { a, b } of pairs) expect(partOf[a]).toBe(partOf[b]);
    }
  });

  it("tie the groups of the source together, through others too", () => {
    const manifest = manifestOf([
      { label: 0, group: "p" },
      { label: 0, group: "p" },
      { label: 0, group: "q" },
      { label: 1 },
      { label: 1 },
    ]);
    const keys = groupSamples(manifest, [{ a: 1, b: 3, kind: "near", distance: 9 }]);
    expect(keys[0]).toBe(keys[3]);
    expect(new Set(keys).size).toBe(3);
  });

  it("and groups of several labels are reported", () => {
    const labels = [0, 0, 0, 1, 1, 1];
    const manifest = manifestOf(labels.map((label, i) => ({ label, group: i === 2 || i === 3 ? "p" : null })));
    const split = makeSplit(manifest, () => "train");
    const groups = groupSamples(manifest, []);
    const asked = { train: 1, val: 0, test: 0 };
    expect(splitWarnings({ manifest, split, groups, pairs: [], asked })).toEqual([
      "1 groups have images of several classes (p); each counts to the class of most of them",
    ]);
  });

  it("across an official split are reported, not moved", async () => {
    const root = await temporaryFolder();
    await writeClassFolders(root, { "train/a": 2, "train/b": 2, "val/a": 1, "val/b": 1, "test/a": 1, "test/b": 1 });
    await writeFiles(root, { "test/a/copy.png": await picture("train/a/0") });
    const listing = await listSource(folder(root));
    const { split, groups, pairs } = await splitListing(listing, REQUEST);
    const warnings = splitWarnings({ manifest: listing.manifest, split, groups, pairs, asked: REQUEST });
    expect(warnings).toEqual([
      expect.stringMatching(/1 groups? of duplicates .* such as test\/a\/copy\.png, train\/a\/0\.png/),
    ]);
    expect(listing.manifest.samples[split.test[1]!]!.id).toBe("test/a/copy.png");
  });
});

const BUSI = "../shared/data/busi-256";
describe.skipIf(!existsSync(BUSI))("on BUSI (skipped where it is absent)", () => {
  it("the two identical images of different classes are found, and no pair straddles a split", async () => {
    const listing = await listSource(folder(BUSI));
    const { split, groups, pairs } = await splitListing(listing, { train: 0.7, val: 0.15, test: 0.15, seed: 0 });
    const partOf = partsBySample(split, groups.length);
    for (const { a, b } of pairs) expect(partOf[a]).toBe(partOf[b]);
    const names = pairs
      .filter(({ kind }) => kind !== "near")
      .map(({ a, b }) => [a, b].map((i) => listing.manifest.samples[i]!.id));
    expect(names).toContainEqual([join("benign", "benign (433).png"), join("malignant", "malignant (145).png")]);
    const sizes = new Map<string, number>();
    for (const key of groups) sizes.set(key, (sizes.get(key) ?? 0) + 1);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(12);
    expect(pairs.length).toBeGreaterThan(150);
  }, 30_000);
});
