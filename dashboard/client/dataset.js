// The data set page: how many samples of each class are in each part.
import { readData } from "./data.js";
import { axisStyle, echart } from "./echart.js";

const { classes, parts } = readData("balance"); // parts: [{ part, counts: number[] }]
echart(
  document.getElementById("balance-chart"),
  () => ({
    grid: { left: 56, right: 16, top: 36, bottom: 32 },
    legend: { top: 0, textStyle: { color: "inherit" } },
    tooltip: { trigger: "axis" },
    xAxis: axisStyle("", { type: "category", data: classes }),
    yAxis: axisStyle("samples", { type: "value", nameGap: 40 }),
    series: parts.map(({ part, counts }) => ({ type: "bar", name: part, stack: "all", data: counts, barMaxWidth: 64 })),
  }),
  () => [
    ["class", ...parts.map(({ part }) => part)],
    ...classes.map((name, k) => [name, ...parts.map(({ counts }) => counts[k])]),
  ],
);
