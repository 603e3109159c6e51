import { describe, expect, it } from "vitest";
import { decide, keptOf, rungEpochs } from "../../core/run/rungs.ts";

const contenders = [
  { variant: "a", score: 0.7 },
  { variant: "b", score: null },
  { variant: "c", score: 0.5 },
  { variant: "d", score: 0.7 },
];

describe("successive halving", () => {
  it("has rungs of 1, 3 and 9 epochs below 10, and none where the first is the end", () => {
    expect(rungEpochs({ firstEpochs: 1, factor: 3 }, 10)).toEqual([1, 3, 9]);
    expect(rungEpochs({ firstEpochs: 2, factor: 2 }, 8)).toEqual([2, 4]);
    expect(rungEpochs({ firstEpochs: 3, factor: 3 }, 3)).toEqual([]);
  });

  it("keeps a third, rounded up", () => {
    expect([1, 2, 3, 4, 9, 10].map((count) => keptOf(count, 3))).toEqual([1, 1, 1, 2, 3, 4]);
  });

  it("keeps the lowest losses; of equals the first, and one without a value last", () => {
    const decisions = decide(contenders, { metric: "loss", factor: 2 });
    expect(decisions.map(({ variant }) => variant)).toEqual(["c", "a", "d", "b"]);
    expect(decisions.map(({ kept }) => kept)).toEqual([true, true, false, false]);
    expect(decisions.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
  });

  it("keeps the highest of anything else", () => {
    const decisions = decide(contenders, { metric: "recall", factor: 4 });
    expect(decisions.map(({ variant, kept }) => `${variant} ${kept}`)).toEqual([
      "a true",
      "d false",
      "c false",
      "b false",
    ]);
  });
});
