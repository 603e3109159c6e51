import fc from "fast-check";
import { expect, it } from "vitest";
import { foldSplit } from "../../core/data/folds.ts";
import { manifestOf } from "./fixtures.ts";

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

it("no group is on both sides of any fold", () => {
  const groups = fc.array(fc.nat(20), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(groups, fc.nat(2), (drawn, fold) => {
      const keys = drawn.map((group, i) => (i < 6 ? `alone ${i}` : `group ${group}`)); // enough of both classes
      const labels = keys.map((_, i) => (i < 6 ? i % 2 : 0));
      const { train, val, test } = foldSplit(
        manifestOf(labels.map((label) => ({ label }))),
        { folds: 3, fold, seed: 0 },
        keys,
      );
      expect([...train, ...val, ...test].sort((a, b) => a - b)).toEqual(keys.map((_, i) => i));
      const [inTrain, inVal, inTest] = [train, val, test].map((part) => new Set(part.map((index) => keys[index])));
      for (const key of inTest!) expect(inTrain!.has(key) || inVal!.has(key)).toBe(false);
      for (const key of inVal!) expect(inTrain!.has(key)).toBe(false);
    }),
  );
});

it("impossible requests are clear errors", () => {
  expect(() => foldSplit(manifest, { folds: 5, fold: 5, seed: 0 })).toThrow(/fold 5 of 5; expected at least 3 folds/);
  expect(() => foldSplit(manifest, { folds: 2, fold: 0, seed: 0 })).toThrow(/at least 3 folds/);
  expect(() => foldSplit(manifest, { folds: 25, fold: 0, seed: 0 })).toThrow(
    /class "b" has 20 .* too few for 25 folds/,
  );
});
