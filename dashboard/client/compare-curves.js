// The compare page's curves: every run, or the mean of each group with its band (95 % interval by Student's t from the server).
import { fetchJson, keepParam, param, readData, smooth } from "./data.js";
import { lineChart } from "./line-chart.js";

const { query, groups, quantiles } = readData("groups"); // groups: [{ label, runs: [id] }]; quantiles[n] of Student's t
const DEFAULTS = { phase: "val", metric: "loss", by: "epoch", smooth: "0", log: "", zoom: "" };
const state = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, param(name, value)]));
const element = document.getElementById("compare-chart");
const chart = lineChart(element, { xLabel: "", yLabel: "curves", onZoom: setZoom });
let curves = []; // [{ run, x: number[], y: (number | null)[] }]

for (const control of document.querySelectorAll("#curve-controls [name]")) {
  if (control.type === "checkbox") control.checked = state[control.name] === "1";
  else control.value = state[control.name];
  control.addEventListener("input", () => {
    state[control.name] = control.type === "checkbox" ? (control.checked ? "1" : "") : control.value;
    keepParam(control.name, state[control.name], DEFAULTS[control.name]);
    if (["phase", "metric", "by"].includes(control.name)) void load();
    else draw();
  });
}
await load();

async function load() {
  const phase = state.by === "batch" ? "train" : state.phase;
  const url = `/api/v1/curves?${query}&phase=${phase}&metric=${state.metric}&by=${state.by}`;
  curves = (await fetchJson(url)).curves;
  draw();
}

function setZoom(range) {
  state.zoom = range === null ? "" : range.map((value) => Number(value.toPrecision(5))).join(",");
  keepParam("zoom", state.zoom, "");
  draw();
}

function draw() {
  const x = [...new Set(curves.flatMap((curve) => curve.x))].sort((a, b) => a - b);
  const byRun = new Map(curves.map((curve) => [curve.run, valuesAt(curve, x)]));
  const series = [];
  const bands = [];
  groups.forEach(({ label, runs }, index) => {
    const members = runs.map((run) => byRun.get(run)).filter(Boolean);
    if (members.length === 0) return;
    const parts = members.length === 1 ? null : meanAndBand(members, x.length);
    series.push({ label, colour: index, style: "line", values: parts === null ? members[0] : parts.mean });
    if (parts === null) return;
    bands.push([series.length, series.length + 1]);
    series.push({ label: `${label} upper`, colour: index, style: "edge", values: parts.high });
    series.push({ label: `${label} lower`, colour: index, style: "edge", values: parts.low });
  });
  chart.update({
    x,
    series,
    bands,
    zoom: state.zoom === "" ? null : state.zoom.split(",").map(Number),
    log: state.log === "1" && state.metric === "loss",
  });
}

function valuesAt({ x, y }, grid) {
  const values = new Map(x.map((at, i) => [at, y[i]]));
  return smooth(
    grid.map((at) => values.get(at) ?? null),
    Number(state.smooth),
  );
}

/** Mean over the members at each x, and its interval where two or more have a value. */
function meanAndBand(members, count) {
  const parts = { mean: [], low: [], high: [] };
  for (let i = 0; i < count; i++) {
    const values = members.map((member) => member[i]).filter((value) => value !== null);
    const n = values.length;
    const mean = n === 0 ? null : values.reduce((sum, value) => sum + value, 0) / n;
    const sd = n < 2 ? null : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
    const half = sd === null ? null : (quantiles[n] * sd) / Math.sqrt(n);
    parts.mean.push(mean);
    parts.low.push(half === null ? null : mean - half);
    parts.high.push(half === null ? null : mean + half);
  }
  return parts;
}
