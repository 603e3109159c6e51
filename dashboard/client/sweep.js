// The sweep page: parallel coordinates (drag along an axis to choose runs) and a scatter of any two columns.
import { colour, keepParam, onTheme, param, readData } from "./data.js";
import { axisStyle, echart, palette } from "./echart.js";

const { rows, columns, metric } = readData("sweep"); // columns: [{ key, name, values: null | string[] }]; rows: [{ id, label, values }]
const shown = columns.filter((column) => column.key !== "seed");
const room = document.getElementById("parallel");
/** Beside each other axes need a wide screen; on a small one they lie below each other. */
const NARROW_PX = 560;
let narrow = room.clientWidth < NARROW_PX;
fitRoom();
const parallel = echart(room, parallelOption, table);
new ResizeObserver(() => {
  if (narrow === room.clientWidth < NARROW_PX) return;
  narrow = !narrow;
  fitRoom();
  parallel.redraw();
  brushAgain();
}).observe(room);
const axes = { x: document.getElementById("scatter-x"), y: document.getElementById("scatter-y") };
for (const [name, select] of Object.entries(axes)) {
  const fallback = name === "y" ? metric : (columns[0]?.key ?? metric);
  select.value = param(name, fallback);
  select.addEventListener("input", () => {
    keepParam(name, select.value, fallback);
    scatter.redraw();
  });
}
const scatter = echart(document.getElementById("scatter"), scatterOption, table);
scatter.chart.on("click", ({ dataIndex }) => {
  location.href = `/runs/${rows[dataIndex].id}`;
});
/** Parts of axes that are chosen: key → [[low, high]], names by their position. In the address as "lr:0.0001_0.001,seed:0_1". */
const brushes = new Map(
  param("brush", "")
    .split(",")
    .map((text) => /^(.+):([-+\d.e]+)_([-+\d.e]+)$/.exec(text))
    .filter((match) => match !== null && shown.some(({ key }) => key === match[1]))
    .map(([, key, low, high]) => [key, [[Number(low), Number(high)]]]),
);
parallel.chart.on("axisareaselected", ({ parallelAxisId, intervals }) => {
  if (intervals.length === 0) brushes.delete(parallelAxisId);
  else brushes.set(parallelAxisId, intervals);
  const texts = [...brushes].map(([key, [[low, high]]]) => `${key}:${low.toPrecision(6)}_${high.toPrecision(6)}`);
  keepParam("brush", texts.join(","), "");
  tellChosen();
});
onTheme(brushAgain);
brushAgain();

/** A chart that is drawn anew has forgotten it. */
function brushAgain() {
  for (const [parallelAxisId, intervals] of brushes)
    parallel.chart.dispatchAction({ type: "axisAreaSelect", parallelAxisId, intervals });
}

function tellChosen() {
  const chosen = parallel.chart.getModel().getSeriesByIndex(0).getRawIndicesByActiveState("active");
  const list = document.getElementById("brushed");
  const link = document.getElementById("brushed-compare");
  list.textContent = `${chosen.length} of ${rows.length} runs chosen`;
  link.hidden = chosen.length < 2 || chosen.length === rows.length;
  link.href = `/compare?runs=${chosen.map((index) => rows[index].id.slice(0, 8)).join(",")}`;
}

function fitRoom() {
  room.style.height = narrow ? `${40 + 64 * shown.length}px` : "";
}

function parallelOption() {
  const scores = rows.map((row) => row.values[metric]).filter((value) => value !== null);
  return {
    parallel: narrow
      ? { layout: "vertical", left: 24, right: 24, top: 32, bottom: 40 }
      : { left: 40, right: 60, top: 36, bottom: 20 },
    parallelAxis: shown.map((column, dim) => ({
      id: column.key,
      dim,
      name: column.name,
      ...(narrow && { nameLocation: "middle", nameGap: -24 }),
      nameTextStyle: { color: colour("text"), fontSize: 12, align: narrow ? "center" : alignOf(dim) },
      axisLabel: { color: colour("muted"), hideOverlap: true, formatter: figure },
      axisLine: { lineStyle: { color: colour("muted") } },
      ...(column.values
        ? { type: "category", data: column.values }
        : { type: column.log ? "log" : "value", scale: true }),
      areaSelectStyle: { color: colour("accent"), borderColor: colour("accent"), opacity: 0.25 },
    })),
    visualMap: {
      show: false,
      dimension: shown.findIndex((column) => column.key === metric),
      min: Math.min(...scores),
      max: Math.max(...scores),
      inRange: { color: [colour("s9"), colour("s6"), colour("s0")] },
    },
    series: [
      {
        type: "parallel",
        lineStyle: { width: 1.6, opacity: 0.7 },
        inactiveOpacity: 0.05,
        data: rows.map((row) => shown.map((column) => row.values[column.key] ?? "-")),
      },
    ],
  };
}

/** Numbers with at most three figures. */
function figure(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : value;
}

/** Names of the outer axes reach inward, where there is room. */
function alignOf(dim) {
  if (dim === 0) return "left";
  return dim === shown.length - 1 ? "right" : "center";
}

function scatterOption() {
  const [x, y] = [columnOf(axes.x.value), columnOf(axes.y.value)];
  return {
    grid: { left: 56, right: 20, top: 16, bottom: 48 },
    tooltip: { formatter: ({ dataIndex }) => rows[dataIndex].label },
    xAxis: scatterAxis(x),
    yAxis: scatterAxis(y, { nameGap: 40 }),
    series: [
      {
        type: "scatter",
        symbolSize: 11,
        itemStyle: { color: palette()[0], opacity: 0.75 },
        data: rows.map((row) => [row.values[x.key], row.values[y.key]]),
      },
    ],
  };
}

function scatterAxis(column, extra = {}) {
  const kind = column.values
    ? { type: "category", data: column.values }
    : { type: column.log ? "log" : "value", scale: true };
  return axisStyle(column.name, { ...kind, ...extra });
}

function columnOf(key) {
  return columns.find((column) => column.key === key) ?? columns[0];
}

function table() {
  return [
    ["run", ...columns.map((column) => column.name)],
    ...rows.map((row) => [row.id, ...columns.map((column) => row.values[column.key])]),
  ];
}
