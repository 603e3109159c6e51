// The run page's histograms: the spread at one step as bars, and over all steps as a map.
import { colour, fetchJson, keepParam, param, readData } from "./data.js";
import { axisStyle, echart, palette } from "./echart.js";

const run = readData("run");
/** Rows of the map: histograms of each step have bins of their own, which are shared out over these. */
const MAP_BINS = 40;

const names = document.querySelector("#histogram-controls [name=histogram]");
const slider = document.getElementById("histogram-at");
names.value = param("histogram", names.value);
if (names.selectedIndex < 0) names.selectedIndex = 0;
const first = names.options[0].value;
let rows = []; // [{ step, epoch, edges, counts }]

await load(Number(param("at", "NaN")));
const bars = echart(document.getElementById("histogram-bars"), barsOption, table);
const map = echart(document.getElementById("histogram-map"), mapOption, table);

document.getElementById("histogram-controls").addEventListener("submit", (event) => event.preventDefault());
names.addEventListener("input", async () => {
  keepParam("histogram", names.value, first);
  await load(NaN);
  bars.redraw();
  map.redraw();
});
slider.addEventListener("input", () => {
  keepParam("at", slider.value, String(rows.length - 1));
  tell();
  bars.redraw();
});

/** @param {number} at index of the step that is shown, else the last */
async function load(at) {
  const answer = await fetchJson(`/api/v1/runs/${run.id}/histograms?name=${encodeURIComponent(names.value)}`);
  rows = answer.histograms;
  slider.max = String(rows.length - 1);
  slider.value = String(at >= 0 && at < rows.length ? at : rows.length - 1);
  tell();
}

function tell() {
  const { step, epoch } = rows[Number(slider.value)];
  const text = `step ${step}${epoch === null ? "" : `, epoch ${epoch}`}`;
  document.getElementById("histogram-step").textContent = text;
  slider.setAttribute("aria-valuetext", text);
}

function barsOption() {
  const { edges, counts } = rows[Number(slider.value)];
  return {
    grid: { left: 64, right: 16, top: 16, bottom: 44 },
    tooltip: { trigger: "axis" },
    xAxis: axisStyle("value", { type: "category", data: counts.map((_, i) => figure((edges[i] + edges[i + 1]) / 2)) }),
    yAxis: axisStyle("count", { type: "value", nameGap: 48 }),
    series: [{ type: "bar", name: "count", data: counts, barCategoryGap: "4%", itemStyle: { color: palette()[0] } }],
  };
}

function mapOption() {
  const low = Math.min(...rows.map(({ edges }) => edges[0]));
  const high = Math.max(...rows.map(({ edges }) => edges.at(-1)));
  const shares = rows.map((row) => sharedOut(row, low, high));
  const data = shares.flatMap((column, x) => column.map((share, y) => [x, y, share]));
  const centre = (y) => low + ((y + 0.5) * (high - low)) / MAP_BINS;
  return {
    grid: { left: 64, right: 16, top: 16, bottom: 44 },
    tooltip: {
      formatter: ({ value: [x, y, share] }) =>
        `step ${rows[x].step}, about ${figure(centre(y))}: ${(100 * share).toFixed(1)} %`,
    },
    xAxis: axisStyle("step", { type: "category", data: rows.map(({ step }) => String(step)) }),
    yAxis: axisStyle("value", {
      type: "category",
      nameGap: 48,
      axisLabel: { color: colour("muted"), interval: 7 },
      data: Array.from({ length: MAP_BINS }, (_, y) => figure(centre(y))),
    }),
    visualMap: {
      show: false,
      min: 0,
      max: Math.max(...data.map(([, , share]) => share)),
      inRange: { color: [colour("card"), colour("s0")] },
    },
    series: [{ type: "heatmap", name: "share", data, progressive: 0 }],
  };
}

/** Each bin's count goes to the map's rows in the share that it overlaps them. @returns shares of all, low values first */
function sharedOut({ edges, counts }, low, high) {
  const width = (high - low) / MAP_BINS || 1;
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  const shares = new Array(MAP_BINS).fill(0);
  counts.forEach((count, i) => {
    const [from, to] = [edges[i], edges[i + 1]];
    const last = Math.min(MAP_BINS - 1, Math.floor((to - low) / width));
    for (let y = Math.max(0, Math.floor((from - low) / width)); y <= last; y++) {
      const overlap = Math.min(to, low + (y + 1) * width) - Math.max(from, low + y * width);
      shares[y] += ((count / total) * Math.max(0, overlap)) / (to - from);
    }
  });
  return shares;
}

function figure(value) {
  return String(Number(value.toPrecision(3)));
}

function table() {
  return [
    ["name", "step", "epoch", "from", "to", "count"],
    ...rows.flatMap(({ step, epoch, edges, counts }) =>
      counts.map((count, i) => [names.value, step, epoch, edges[i], edges[i + 1], count]),
    ),
  ];
}
