import { describe, expect, it } from "vitest";
import { philox, stream } from "../core/random.ts";

const first = (count: number, draw: () => number) => Array.from({ length: count }, draw);

describe("philox", () => {
  it("gives the known answer of Random123 for counter 0 and key 0", () => {
    const block = new Uint32Array(4);
    philox(block, 0, 0, 0);
    expect([...block]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  });
});

describe("stream", () => {
  it("same seed, name and position give the same numbers", () => {
    const one = stream(7, "augment", 1, "a.png");
    const two = stream(7, "augment", 1, "a.png");
    expect(first(100, one.uniform)).toEqual(first(100, two.uniform));
  });

  it.each([
    ["seed", stream(8, "augment", 1)],
    ["name", stream(7, "dropout", 1)],
    ["position", stream(7, "augment", 2)],
  ])("another %s gives other numbers", (_what, other) => {
    expect(first(4, other.uint32)).not.toEqual(first(4, stream(7, "augment", 1).uint32));
  });

  it("draws uniform and normal numbers with the right mean and variance", () => {
    const draws = stream(0, "moments");
    const moments = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      return [mean, values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length];
    };
    const [uniformMean, uniformVariance] = moments(first(20000, draws.uniform));
    const [normalMean, normalVariance] = moments(first(20000, draws.normal));
    expect(uniformMean).toBeCloseTo(0.5, 1);
    expect(uniformVariance).toBeCloseTo(1 / 12, 2);
    expect(normalMean).toBeCloseTo(0, 1);
    expect(normalVariance).toBeCloseTo(1, 1);
  });

  it("shuffles to a permutation", () => {
    const shuffled = stream(0, "shuffle").shuffle([...Array(50).keys()]);
    expect([...shuffled].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect(shuffled).not.toEqual([...Array(50).keys()]);
  });
});
