// The SQL page: Ctrl+Enter runs the query; a quick chart of two columns of the result.
import { keepParam, param, readData } from "./data.js";
import { axisStyle, echart, palette } from "./echart.js";

const editor = document.getElementById("query");
editor.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) editor.form.requestSubmit();
});

const element = document.getElementById("quick-chart");
if (element) drawChart();

function drawChart() {
  const { names, rows } = readData("result");
  const [x, y, kind] = ["x", "y", "kind"].map((id) => document.getElementById(`chart-${id}`));
  const numeric = names.filter((_, i) => rows.some((row) => typeof row[i] === "number"));
  x.value = param("x", names[0]);
  y.value = param("y", numeric.find((name) => name !== x.value) ?? names[0]);
  kind.value = param("kind", "bar");
  const chart = echart(
    element,
    () => option(names, rows, x.value, y.value, kind.value),
    () => [names, ...rows],
  );
  for (const select of [x, y, kind]) {
    select.addEventListener("input", () => {
      keepParam(select.id.replace("chart-", ""), select.value, "");
      chart.redraw();
    });
  }
}

function option(names, rows, x, y, kind) {
  const [i, j] = [names.indexOf(x), names.indexOf(y)];
  const category = kind === "bar" || rows.some((row) => typeof row[i] !== "number");
  return {
    grid: { left: 64, right: 20, top: 16, bottom: 48 },
    tooltip: { trigger: kind === "scatter" ? "item" : "axis" },
    xAxis: axisStyle(
      x,
      category ? { type: "category", data: rows.map((row) => String(row[i])) } : { type: "value", scale: true },
    ),
    yAxis: axisStyle(y, { type: "value", scale: kind !== "bar", nameGap: 46 }),
    series: [
      {
        type: kind,
        itemStyle: { color: palette()[0] },
        showSymbol: rows.length < 60,
        data: rows.map((row) => (category ? row[j] : [row[i], row[j]])),
      },
    ],
  };
}
