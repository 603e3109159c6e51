// The run page's metrics: one chart a name, drawn when it comes into view, new values while the run goes on.
import { fetchJson, keepParam, LIVE, param, readData, smooth } from "./data.js";
import { lineChart } from "./line-chart.js";
import { followRun } from "./live.js";

const run = readData("run");
const DEFAULTS = { x: "step", smooth: "0", log: "", find: "" };

const state = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, param(name, value)]));
let curves = new Map(); // name → { step, epoch, seconds, value }
const charts = new Map(); // element → chart, of those that have been in view

for (const control of document.querySelectorAll("#metric-controls [name]")) {
  const { name, type } = control;
  if (type === "checkbox") control.checked = state[name] === "1";
  else control.value = state[name];
  control.addEventListener("input", () => {
    state[name] = type === "checkbox" ? (control.checked ? "1" : "") : control.value;
    keepParam(name, state[name], DEFAULTS[name]);
    draw();
  });
}
document.getElementById("metric-controls")?.addEventListener("submit", (event) => event.preventDefault());

await load();
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting || charts.has(target)) continue;
    charts.set(target, lineChart(target, { xLabel: "", yLabel: target.dataset.title }));
    drawOne(target);
  }
});
for (const element of document.querySelectorAll("[data-metric]")) seen.observe(element);
draw();
if (run.live) followRun(run.id, { logged: () => void update() });

/** A name that is new has no chart on the page yet. */
async function update() {
  await load(LIVE);
  const drawn = new Set([...document.querySelectorAll("[data-metric]")].map((element) => element.dataset.metric));
  if ([...curves.keys()].some((name) => !drawn.has(name))) location.reload();
  else draw();
}

async function load(headers) {
  const { metrics } = await fetchJson(`/api/v1/runs/${run.id}/metrics`, headers);
  curves = new Map(metrics.map((curve) => [curve.name, curve]));
}

function draw() {
  const wanted = state.find.trim().toLowerCase();
  for (const element of document.querySelectorAll("[data-metric]")) {
    element.closest(".card").hidden = !element.dataset.metric.toLowerCase().includes(wanted);
    drawOne(element);
  }
}

function drawOne(element) {
  const curve = curves.get(element.dataset.metric);
  if (curve === undefined) return;
  const weight = Number(state.smooth);
  const label = element.dataset.title;
  const known = curve[state.x].map((at, i) => (at === null ? null : i)).filter((i) => i !== null);
  const values = known.map((i) => curve.value[i]);
  const series = [{ label, colour: 0, values: smooth(values, weight), style: "line" }];
  if (weight > 0) series.unshift({ label: `${label}, each value`, colour: 0, values, style: "faint" });
  charts.get(element)?.update({ x: known.map((i) => curve[state.x][i]), series, log: state.log === "1" });
}
