import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitSamples } from "../../core/data/split.ts";
import type { Manifest, Split, SplitPart } from "../../core/data/sample.ts";
import { grown, manifestOf, partsById } from "./fixtures.ts";

const FRACTIONS = { train: 0.7, val: 0.15, test: 0.15, seed: 0 };

function balanced(count: number): Manifest {
  return manifestOf(Array.from({ length: count }, (_, i) => ({ label: i % 2 })));
}

describe("a drawn split", () => {
  it("is the same for the same seed", () => {
    expect(splitSamples(balanced(100), FRACTIONS)).toEqual(splitSamples(balanced(100), FRACTIONS));
  });

  it("is another one for another seed", () => {
    const other = splitSamples(balanced(100), { ...FRACTIONS, seed: 1 });
    expect(other.digest).not.toBe(splitSamples(balanced(100), FRACTIONS).digest);
    expect(other.test).not.toEqual(splitSamples(balanced(100), FRACTIONS).test);
  });

  it("has the asked fractions in each class", () => {
    const manifest = balanced(200);
    const split = splitSamples(manifest, FRACTIONS);
    for (const label of [0, 1]) {
      const count = (part: SplitPart) => split[part].filter((i) => manifest.samples[i]!.label === label).length;
      expect([count("train"), count("val"), count("test")]).toEqual([70, 15, 15]);
    }
  });

  it("does not depend on the names of the files, only on their bytes and order of rank", () => {
    const manifest = balanced(60);
    const renamed = { ...manifest, samples: manifest.samples.map((sample) => ({ ...sample, id: `new/${sample.id}` })) };
    expect(splitSamples(renamed, FRACTIONS).train).toEqual(splitSamples(manifest, FRACTIONS).train);
  });

  it("gives each wanted part a sample of a class with as many samples as parts", () => {
    const manifest = manifestOf([0, 0, 0, 1, 1, 1].map((label) => ({ label })));
    const { train, val, test } = splitSamples(manifest, FRACTIONS);
    expect([train.length, val.length, test.length]).toEqual([2, 2, 2]);
  });

  it("refuses a class with fewer groups than parts, and says which", () => {
    const manifest = manifestOf(
      [0, 0, 0, 1, 1, 1].map((label) => ({ label, group: label === 1 ? "one patient" : null })),
    );
    expect(() => splitSamples(manifest, FRACTIONS)).toThrow(/class "b" has 1 images or groups .* too few for 3 parts/);
  });

  it("refuses fractions that do not sum to 1", () => {
    expect(() => splitSamples(balanced(20), { ...FRACTIONS, train: 0.9 })).toThrow(/fractions that sum to 1/);
  });

  it("may have no test part", () => {
    const { train, val, test } = splitSamples(balanced(20), { train: 0.8, val: 0.2, test: 0, seed: 0 });
    expect([train.length, val.length, test.length]).toEqual([16, 4, 0]);
  });
});

describe("an official split", () => {
  const official = (parts: readonly (SplitPart | null)[]) =>
    manifestOf(parts.flatMap((officialPart) => [0, 1].map((label) => ({ label, officialPart }))));

  it("is kept as it is", () => {
    const split = splitSamples(official(["train", "test", "val", "train"]), FRACTIONS);
    expect(split).toMatchObject({ train: [0, 1, 6, 7], test: [2, 3], val: [4, 5] });
  });

  it("without a val part has it drawn from train, in the asked proportion", () => {
    const manifest = official([...Array<SplitPart>(85).fill("train"), ...Array<SplitPart>(5).fill("test")]);
    const split = splitSamples(manifest, FRACTIONS);
    expect(split.test).toEqual(manifest.samples.flatMap(({ officialPart }, i) => (officialPart === "test" ? [i] : [])));
    expect([split.train.length, split.val.length]).toEqual([140, 30]); // 0.7 to 0.15 of 170
  });

  it("that covers some of the images only is refused", () => {
    expect(() => splitSamples(official(["train", null]), FRACTIONS)).toThrow(/2 are not, such as/);
  });

  it("without train is refused", () => {
    expect(() => splitSamples(official(["val", "test"]), FRACTIONS)).toThrow(/none to train/);
  });
});

/** Random labels and groups, with enough groups in each class. */
const dataSets = fc
  .array(fc.record({ label: fc.integer({ min: 0, max: 2 }), group: fc.option(fc.integer({ min: 0, max: 30 })) }), {
    minLength: 1,
    maxLength: 80,
  })
  .map((drawn) => {
    const spare = [0, 1, 2].flatMap((label) => Array.from({ length: 4 }, () => ({ label, group: null })));
    const samples = [...drawn, ...spare].map(({ label, group }) => ({
      label,
      group: group === null ? null : `patient ${group}`,
    }));
    return manifestOf(samples, ["a", "b", "c"]);
  });
const requests = fc
  .record({
    train: fc.integer({ min: 1, max: 8 }),
    val: fc.integer({ min: 1, max: 4 }),
    test: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(9),
  })
  .map(({ train, val, test, seed }) => {
    const total = train + val + test;
    return { train: train / total, val: val / total, test: 1 - train / total - val / total, seed };
  });

describe("any split", () => {
  it("puts every sample in exactly one part and no group into two", () => {
    fc.assert(
      fc.property(dataSets, requests, (manifest, request) => {
        const split = attempt(manifest, request);
        if (split === null) return;
        const all = [...split.train, ...split.val, ...split.test].sort((a, b) => a - b);
        expect(all).toEqual(manifest.samples.map((_, i) => i));
        const partOf = partsById(manifest, split);
        const byGroup = new Map<string, Set<SplitPart>>();
        for (const { id, group } of manifest.samples) {
          if (group === null) continue;
          byGroup.set(group, (byGroup.get(group) ?? new Set()).add(partOf.get(id)!));
        }
        for (const parts of byGroup.values()) expect(parts.size).toBe(1);
      }),
    );
  });

  it("does not depend on the order in which the source lists the samples", () => {
    fc.assert(
      fc.property(dataSets, requests, fc.infiniteStream(fc.nat(1000)), (manifest, request, keys) => {
        const order = manifest.samples.map((sample) => ({ sample, key: keys.next().value as number }));
        const shuffled = { ...manifest, samples: order.sort((a, b) => a.key - b.key).map(({ sample }) => sample) };
        const [split, other] = [attempt(manifest, request), attempt(shuffled, request)];
        if (split === null || other === null) expect(split).toBe(other);
        else expect(partsById(shuffled, other)).toEqual(partsById(manifest, split));
      }),
    );
  });

  it("is the same each time", () => {
    fc.assert(
      fc.property(dataSets, requests, (manifest, request) => {
        expect(attempt(manifest, request)).toEqual(attempt(manifest, request));
      }),
    );
  });

  it("moves at most 1 % of the others when one image is added, alone or to a group", () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), requests, (seed, alone, request) => {
        const [before, after] = grown({ count: 3000, largestGroup: 3, seed, alone });
        const [old, now] = [before, after].map((one) => partsById(one, splitSamples(one, request)));
        const moved = [...old!].filter(([id, part]) => now!.get(id) !== part);
        expect(moved.length).toBeLessThanOrEqual(30);
      }),
      { numRuns: 30 },
    );
  });

  it("of images without groups moves one at each of its two cuts at most", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 20, max: 400 }), requests, (seed, count, request) => {
        const [before, after] = grown({ count, largestGroup: 1, seed, alone: true });
        const [old, now] = [before, after].map((one) => attempt(one, request));
        if (!old || !now) return;
        const parts = partsById(after, now);
        expect([...partsById(before, old)].filter(([id, part]) => parts.get(id) !== part).length).toBeLessThanOrEqual(
          2,
        );
      }),
    );
  });
});

/** Null where the request cannot be met (every group of a class counts to another one). */
function attempt(manifest: Manifest, request: Parameters<typeof splitSamples>[1]): Split | null {
  try {
    return splitSamples(manifest, request);
  } catch (error) {
    if (/too few/.test(String(error))) return null;
    throw error;
  }
}
