// The run page's curves: by batch and by epoch, one zoom for all charts, state in the address, new points while it trains.
import { fetchJson, keepParam, param, readData, smooth } from "./data.js";
import { lineChart } from "./line-chart.js";
import { followRun, showProgress } from "./live.js";

const run = readData("run");
const PHASES = [
  { phase: "train", colour: 0 },
  { phase: "val", colour: 1 },
];
const DEFAULTS = { by: "batch", x: "step", smooth: "0.6", log: "", zoom: "" };

const state = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, param(name, value)]));
const curves = await fetchJson(`/api/v1/runs/${run.id}/curves`);
const charts = [...document.querySelectorAll("[data-curve]")].map((element) => ({
  element,
  chart: lineChart(element, { xLabel: "", yLabel: element.dataset.title, onZoom: setZoom }),
}));

bindControls();
draw();
if (run.live) {
  const last = lastBatch();
  followRun(run.id, {
    after: last === null ? "0,0,0" : `${last.epoch},${last.batch},${last.seconds}`,
    rows: (rows) => {
      append(rows);
      tellProgress();
      draw();
    },
  });
  tellProgress();
}

function tellProgress() {
  const last = lastBatch();
  if (last !== null) showProgress(run, last);
}

/** Null before the first. */
function lastBatch() {
  const columns = Object.entries(curves.batches.train ?? {});
  return columns.length === 0 ? null : Object.fromEntries(columns.map(([name, values]) => [name, values.at(-1)]));
}

function bindControls() {
  for (const control of document.querySelectorAll("#curve-controls [name]")) {
    const name = control.name;
    if (control.type === "checkbox") control.checked = state[name] === "1";
    else if (control.type === "radio") control.checked = control.value === state[name];
    else control.value = state[name];
    control.addEventListener("input", () => {
      state[name] = control.type === "checkbox" ? (control.checked ? "1" : "") : control.value;
      keepParam(name, state[name], DEFAULTS[name]);
      if (name === "by" || name === "x") setZoom(null);
      else draw();
    });
  }
  document.getElementById("reset-zoom").addEventListener("click", () => setZoom(null));
}

function setZoom(range) {
  state.zoom = range === null ? "" : range.map((value) => Number(value.toPrecision(5))).join(",");
  keepParam("zoom", state.zoom, "");
  draw();
}

function draw() {
  const zoom = state.zoom === "" ? null : state.zoom.split(",").map(Number);
  document.getElementById("reset-zoom").disabled = zoom === null;
  for (const { element, chart } of charts) {
    const content = state.by === "batch" ? byBatch(element.dataset.curve) : byEpoch(element.dataset.curve);
    chart.update({ ...content, zoom, log: state.log === "1" && element.dataset.curve === "loss" });
  }
}

/** Train batches, raw (faint) and smoothed; validation where its epoch ended. */
function byBatch(metric) {
  const train = curves.batches.train;
  const at = train ? positions(train) : [];
  const values = train?.[metric] ?? [];
  const ends = train ? epochEnds(train, at) : new Map();
  const series = [];
  if (values.length > 0) {
    const weight = Number(state.smooth);
    if (weight > 0) series.push({ label: "train, each batch", colour: 0, values, style: "faint" });
    series.push({
      label: weight > 0 ? "train, smoothed" : "train",
      colour: 0,
      values: smooth(values, weight),
      style: "line",
    });
  }
  const val = curves.epochs.val;
  if (val?.[metric]) {
    const marks = new Map(val.epoch.map((epoch, i) => [ends.get(epoch), val[metric][i]]));
    series.push({ label: "val, each epoch", colour: 1, values: at.map((x) => marks.get(x) ?? null), style: "line" });
  }
  return { x: at, series };
}

function positions(train) {
  if (state.x === "time") return train.seconds;
  if (state.x === "step") return train.loss.map((_, i) => i + 1);
  const perEpoch = Math.max(...train.batch);
  return train.epoch.map((epoch, i) => epoch - 1 + train.batch[i] / perEpoch);
}

function epochEnds(train, at) {
  return new Map(train.epoch.map((epoch, i) => [epoch, at[i]]));
}

function byEpoch(metric) {
  const x = curves.epochs.train?.epoch ?? curves.epochs.val?.epoch ?? [];
  const series = PHASES.flatMap(({ phase, colour }) => {
    const columns = curves.epochs[phase];
    if (!columns?.[metric]) return [];
    const values = new Map(columns.epoch.map((epoch, i) => [epoch, columns[metric][i]]));
    return [{ label: phase, colour, values: x.map((epoch) => values.get(epoch) ?? null), style: "line" }];
  });
  return { x, series };
}

/** Rows that came while the run goes on; ones already held are left out. */
function append({ batches, epochs }) {
  for (const row of batches)
    push(curves.batches, row, (last) => row.epoch > last.epoch || (row.epoch === last.epoch && row.batch > last.batch));
  for (const row of epochs) push(curves.epochs, row, (last) => row.epoch > last.epoch);
}

function push(columnsByPhase, row, isNew) {
  const columns = (columnsByPhase[row.phase] ??= {});
  const count = columns.epoch?.length ?? 0;
  if (count > 0 && !isNew({ epoch: columns.epoch[count - 1], batch: columns.batch?.[count - 1] })) return;
  for (const [name, value] of Object.entries(row)) if (name !== "phase") (columns[name] ??= []).push(value);
}
