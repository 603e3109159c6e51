// The run page's evaluation: ROC, precision-recall, calibration, and a threshold that moves every number.
import { keepParam, param, readData } from "./data.js";
import { axisStyle, echart, palette } from "./echart.js";
import * as scores from "./scores.js";

const { positive, score } = readData("scores");
const slider = document.getElementById("threshold");
slider.value = param("threshold", "0.5");

const roc = scores.rocPoints(positive, score);
const pr = scores.precisionRecallPoints(positive, score);
const bins = scores.calibrationBins(positive, score);
const share = positive.filter(Boolean).length / positive.length;

const rocChart = echart(
  document.getElementById("roc"),
  () =>
    curveOption({
      points: roc,
      diagonal: [
        [0, 0],
        [1, 1],
      ],
      x: "false positive rate",
      y: "recall",
      mark: rocMark(),
    }),
  () => [["false positive rate", "recall"], ...roc],
);
const prChart = echart(
  document.getElementById("pr"),
  () =>
    curveOption({
      points: pr,
      diagonal: [
        [0, share],
        [1, share],
      ],
      x: "recall",
      y: "precision",
      mark: prMark(),
    }),
  () => [["recall", "precision"], ...pr],
);
echart(document.getElementById("calibration"), calibrationOption, () => [
  ["mean score", "share positive", "n"],
  ...bins.map((bin) => [bin.meanScore, bin.share, bin.n]),
]);
document.getElementById("auc").textContent = scores.areaUnder(roc).toFixed(3);
document.getElementById("ap").textContent = scores.averagePrecision(pr).toFixed(3);
document.getElementById("ece").textContent = scores.calibrationError(bins).toFixed(3);

slider.addEventListener("input", follow);
follow();

function follow() {
  const threshold = Number(slider.value);
  keepParam("threshold", slider.value, "0.5");
  const now = scores.atThreshold(positive, score, threshold);
  slider.setAttribute("aria-valuetext", threshold.toFixed(2));
  document.getElementById("threshold-value").textContent = threshold.toFixed(2);
  for (const element of document.querySelectorAll("[data-at]")) {
    const value = now[element.dataset.at];
    element.textContent =
      value === null ? "–" : Number.isInteger(value) && element.dataset.count ? value : value.toFixed(3);
  }
  rocChart.redraw();
  prChart.redraw();
}

function rocMark() {
  const now = scores.atThreshold(positive, score, Number(slider.value));
  return [1 - (now.specificity ?? 0), now.recall ?? 0];
}

function prMark() {
  const now = scores.atThreshold(positive, score, Number(slider.value));
  return now.precision === null ? null : [now.recall ?? 0, now.precision];
}

function curveOption({ points, diagonal, x, y, mark }) {
  const [blue, orange] = palette();
  return {
    grid: { left: 48, right: 16, top: 16, bottom: 44 },
    tooltip: { trigger: "axis" },
    xAxis: axisStyle(x, { type: "value", min: 0, max: 1 }),
    yAxis: axisStyle(y, { type: "value", min: 0, max: 1, nameGap: 34 }),
    series: [
      { type: "line", name: y, data: points, step: false, showSymbol: false, lineStyle: { color: blue, width: 2 } },
      {
        type: "line",
        name: "chance",
        data: diagonal,
        showSymbol: false,
        silent: true,
        lineStyle: { color: "#8a94a6", type: "dashed", width: 1 },
      },
      {
        type: "scatter",
        name: "threshold",
        data: mark === null ? [] : [mark],
        symbolSize: 13,
        itemStyle: { color: orange },
      },
    ],
  };
}

function calibrationOption() {
  const [blue] = palette();
  return {
    grid: { left: 48, right: 16, top: 16, bottom: 44 },
    tooltip: { trigger: "axis" },
    xAxis: axisStyle("mean score", { type: "value", min: 0, max: 1 }),
    yAxis: axisStyle("share that is positive", { type: "value", min: 0, max: 1, nameGap: 34 }),
    series: [
      {
        type: "line",
        name: "perfect",
        data: [
          [0, 0],
          [1, 1],
        ],
        showSymbol: false,
        silent: true,
        lineStyle: { color: "#8a94a6", type: "dashed", width: 1 },
      },
      {
        type: "line",
        name: "share positive",
        data: bins.map((bin) => [bin.meanScore, bin.share]),
        symbol: "circle",
        symbolSize: (_, { dataIndex }) => 6 + 18 * Math.sqrt(bins[dataIndex].n / score.length),
        lineStyle: { color: blue, width: 2 },
        itemStyle: { color: blue },
      },
    ],
  };
}
