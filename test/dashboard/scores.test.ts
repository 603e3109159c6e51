// The run page's curves against scikit-learn (test/golden/compare-statistics.py).
import { describe, expect, it } from "vitest";
import * as scores from "../../dashboard/client/scores.js";
import golden from "../golden/compare-statistics.json" with { type: "json" };

const { label, score, roc, pr, auc, averagePrecision, calibration, at04 } = golden.curves;
const positive = label.map((truth) => truth === 1);

describe("ROC, precision-recall and calibration", () => {
  it("ROC points and the area agree with scikit-learn", () => {
    const points = scores.rocPoints(positive, score);
    points.forEach(([x, y], i) => {
      expect(x).toBeCloseTo(roc.fpr[i] as number, 12);
      expect(y).toBeCloseTo(roc.tpr[i] as number, 12);
    });
    expect(points).toHaveLength(roc.fpr.length);
    expect(scores.areaUnder(points)).toBeCloseTo(auc, 12);
  });

  it("precision-recall points and the average precision agree with scikit-learn", () => {
    const points = scores.precisionRecallPoints(positive, score);
    const reversed = [...pr.threshold.keys()].reverse();
    points.forEach(([recall, precision], i) => {
      expect(recall).toBeCloseTo(pr.recall[reversed[i] as number] as number, 12);
      expect(precision).toBeCloseTo(pr.precision[reversed[i] as number] as number, 12);
    });
    expect(scores.averagePrecision(points)).toBeCloseTo(averagePrecision, 12);
  });

  it("calibration bins agree with scikit-learn", () => {
    const bins = scores.calibrationBins(positive, score);
    expect(bins).toHaveLength(calibration.share.length);
    bins.forEach((bin, i) => {
      expect(bin.share).toBeCloseTo(calibration.share[i] as number, 12);
      expect(bin.meanScore).toBeCloseTo(calibration.meanScore[i] as number, 12);
    });
  });

  it("metrics at a threshold agree with scikit-learn", () => {
    expect(scores.atThreshold(positive, score, 0.4)).toMatchObject(at04);
  });

  it("a metric without samples is null, not zero", () => {
    expect(scores.atThreshold([false, false], [0.1, 0.2], 0.5)).toMatchObject({ precision: null, recall: null });
  });
});
