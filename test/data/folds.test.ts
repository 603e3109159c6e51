import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldSplit } from "../../core/data/folds.ts";
import { grown, manifestOf, partsById } from "./fixtures.ts";

const manifest = manifestOf(Array.from({ length: 60 }, (_, i) => ({ label: i % 3 === 0 ? 1 : 0 })));

it("over all folds every sample is tested once and validated once, and the classes are spread evenly", () => {
  const splits = [0, 1, 2, 3, 4].map((fold) => foldSplit(manifest, { folds: 5, fold, seed: 0 }));
  const all = manifest.samples.map((_, index) => index);
  expect(splits.flatMap(({ test }) => test).sort((a, b) => a - b)).toEqual(all);
  expect(splits.flatMap(({ val }) => val).sort((a, b) => a - b)).toEqual(all);
  for (const { train, val, test } of splits) {
    expect([train.length, val.length, test.length]).toEqual([36, 12, 12]);
    expect(test.filter((index) => manifest.samples[index]!.label === 1)).toHaveLength(4);
  }
});

it("the same seed gives the same folds", () => {
  const request = { folds: 5, fold: 2, seed: 3 };
  expect(foldSplit(manifest, request)).toEqual(foldSplit(manifest, request));
});

it("another seed gives other folds", () => {
  const [one, other] = [3, 4].map((seed) => foldSplit(manifest, { folds: 5, fold: 2, seed }));
  expect(one!.test).not.toEqual(other!.test);
});

describe("random labels and groups", () => {
  const FOLDS = 4;
  const sets = fc.record({ seed: fc.nat(), count: fc.integer({ min: 200, max: 300 }), fold: fc.nat(FOLDS - 1) });

  it("every sample is in one part, no group in two, the same each time, whatever the order of the listing", () => {
    fc.assert(
      fc.property(sets, ({ seed, count, fold }) => {
        const [manifest] = grown({ count, largestGroup: 4, seed, alone: true });
        const request = { folds: FOLDS, fold, seed };
        const split = foldSplit(manifest, request);
        const { train, val, test } = split;
        expect([...train, ...val, ...test].sort((a, b) => a - b)).toEqual(manifest.samples.map((_, i) => i));
        const partOf = partsById(manifest, split);
        const byGroup = new Map(manifest.samples.map(({ id, group }) => [group, partOf.get(id)]));
        for (const { id, group } of manifest.samples)
          if (group !== null) expect(partOf.get(id)).toBe(byGroup.get(group));
        expect(foldSplit(manifest, request)).toEqual(split);
        const turned = { ...manifest, samples: [...manifest.samples].reverse() };
        expect(partsById(turned, foldSplit(turned, request))).toEqual(partOf);
      }),
    );
  });

  it("one image more moves at most 1 % of the others", () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), fc.nat(4), (seed, alone, fold) => {
        const [before, after] = grown({ count: 3000, largestGroup: 2, seed, alone });
        const request = { folds: 5, fold, seed };
        const now = partsById(after, foldSplit(after, request));
        const moved = [...partsById(before, foldSplit(before, request))].filter(([id, part]) => now.get(id) !== part);
        expect(moved.length).toBeLessThanOrEqual(30);
      }),
      { numRuns: 20 },
    );
  });
});

it("impossible requests are clear errors", () => {
  expect(() => foldSplit(manifest, { folds: 5, fold: 5, seed: 0 })).toThrow(/fold 5 of 5; expected at least 3 folds/);
  expect(() => foldSplit(manifest, { folds: 2, fold: 0, seed: 0 })).toThrow(/at least 3 folds/);
  expect(() => foldSplit(manifest, { folds: 25, fold: 0, seed: 0 })).toThrow(
    /class "b" has 20 .* too few for 25 folds/,
  );
});
