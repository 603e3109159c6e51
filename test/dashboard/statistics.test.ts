// The compare page's statistics against statsmodels, scipy and DeLong's own data (test/golden/compare-statistics.py).
import { importance } from "../../dashboard/comparison/importance.ts";
import { describe, expect, it } from "vitest";
import { bootstrapDifferences } from "../../dashboard/statistics/bootstrap.ts";
import { deLong } from "../../dashboard/statistics/delong.ts";
import { holm } from "../../dashboard/statistics/holm.ts";
import { meanInterval } from "../../dashboard/statistics/interval.ts";
import { mcnemarMidP } from "../../dashboard/statistics/mcnemar.ts";
import { scored, weightedMetrics } from "../../dashboard/statistics/metrics.ts";
import { pairedOverSeeds } from "../../dashboard/statistics/paired-seeds.ts";
import golden from "../golden/compare-statistics.json" with { type: "json" };

describe("statistics of the compare page", () => {
  it("McNemar's mid-p agrees with statsmodels", () => {
    for (const { b, c, p } of golden.mcnemar) expect(mcnemarMidP(b, c)).toBeCloseTo(p, 12);
  });

  it("Holm's correction agrees with statsmodels", () => {
    holm(golden.holm.p).forEach((p, i) => expect(p).toBeCloseTo(golden.holm.adjusted[i] as number, 12));
  });

  it("DeLong's test agrees with its definition on the published ovarian cancer data", () => {
    const { positive, kg, albumin, protein, kgAlbumin, kgProtein } = golden.ovarian;
    for (const [scores, expected] of [
      [albumin, kgAlbumin],
      [protein, kgProtein],
    ] as const) {
      const result = deLong(positive, kg, scores);
      for (const [name, value] of Object.entries(expected)) {
        expect(result?.[name as keyof typeof expected], name).toBeCloseTo(value, 10);
      }
    }
  });

  it("DeLong's test needs two samples of either class", () => {
    expect(deLong([true, false, false], [0.9, 0.1, 0.2], [0.8, 0.2, 0.1])).toBeNull();
  });

  it("the interval over seeds uses scipy's t quantiles", () => {
    for (const { df, q } of golden.tQuantiles) {
      const values = Array.from({ length: df + 1 }, (_, i) => i);
      const interval = meanInterval(values);
      const half = (q * (interval?.sd as number)) / Math.sqrt(df + 1);
      expect((interval?.high95 as number) - (interval?.mean as number)).toBeCloseTo(half, 9);
    }
  });

  it("one value has a mean and no interval", () => {
    expect(meanInterval([0.5])).toEqual({ n: 1, mean: 0.5, sd: null, low95: null, high95: null });
    expect(meanInterval([])).toBeNull();
  });

  it("the paired test over seeds agrees with scipy's ttest_rel", () => {
    const { a, b, p, low95, high95 } = golden.paired;
    const result = pairedOverSeeds(b.map((value, i) => value - (a[i] as number)));
    expect(result?.p).toBeCloseTo(p, 10);
    expect(result?.low95).toBeCloseTo(low95, 10);
    expect(result?.high95).toBeCloseTo(high95, 10);
  });
});

describe("bootstrap", () => {
  const { label, score } = golden.curves;
  const run = (shift: number) =>
    scored(
      label.map((truth, i) => {
        const p = Math.min(0.99, Math.max(0.01, (score[i] as number) + shift * (truth === 1 ? 1 : -1)));
        return { label: truth, predicted: p >= 0.5 ? 1 : 0, probabilities: [1 - p, p] };
      }),
      1,
    );

  it("weighs every sample once like scikit-learn does", () => {
    const metrics = weightedMetrics(run(0), new Int32Array(label.length).fill(1), 1);
    expect(metrics.auc).toBeCloseTo(golden.curves.auc, 12);
  });

  it("same seed gives the same intervals, another seed others", () => {
    const [a, b] = [run(0), run(0.1)];
    expect(bootstrapDifferences(a, b, 1, 5)).toEqual(bootstrapDifferences(a, b, 1, 5));
    expect(bootstrapDifferences(a, b, 1, 5)).not.toEqual(bootstrapDifferences(a, b, 1, 6));
  });

  it("the interval holds the difference, and excludes zero for a real improvement", () => {
    const accuracy = bootstrapDifferences(run(0), run(0.2), 1).find((one) => one.metric === "accuracy");
    expect(accuracy?.low95).toBeGreaterThan(0);
    expect(accuracy?.low95).toBeLessThanOrEqual(accuracy?.difference as number);
    expect(accuracy?.high95).toBeGreaterThanOrEqual(accuracy?.difference as number);
  });
});

it("a setting's share of the variance is that of a one-way analysis by hand, and unknown where nothing is repeated", () => {
  const rows = (levels: string, values: number[]) => values.map((value, i) => ({ level: levels[i] as string, value }));
  expect(importance("lr", rows("aaabbb", [1, 2, 3, 4, 5, 6])).etaSquared).toBeCloseTo(13.5 / 17.5, 12);
  expect(importance("lr", rows("abc", [1, 2, 3])).etaSquared).toBeNull();
  expect(importance("lr", rows("aabb", [1, 1, 1, 1])).etaSquared).toBeNull();
  expect(importance("lr", rows("aaa", [1, 2, 3])).etaSquared).toBeNull();
});
