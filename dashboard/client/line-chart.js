// Curves with uPlot: series of one x axis, bands, log axis, zoom by dragging (double click: all), PNG and CSV.
import uPlot from "/vendor/uplot.js";
import { addTools, offerDownload, offerPicture, toCsv } from "./download.js";
import { colour, onTheme } from "./data.js";
import { legendFor } from "./legend.js";

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {number} colour 0 to 9
 * @property {(number | null)[]} values
 * @property {"line" | "dash" | "faint" | "edge"} style edge: an invisible line that bounds a band
 */

/**
 * Draws into `element`, and again on `update`.
 * @param {HTMLElement} element
 * @param {{ xLabel: string, yLabel: string, onZoom?: (range: [number, number] | null) => void, points?: boolean }} options
 * @returns {{ update(content: { x: number[], series: Series[], bands?: [number, number][], log?: boolean, zoom?: [number, number] | null, yRange?: [number, number] }): void }}
 */
export function lineChart(element, options) {
  let plot = null;
  let content = null;
  const draw = () => {
    plot?.destroy();
    element.replaceChildren();
    plot = content === null ? null : makePlot(element, content, options);
  };
  onTheme(draw);
  new ResizeObserver(() => plot?.setSize(sizeOf(element))).observe(element);
  const name = () => (element.dataset.title ?? options.yLabel).replace(/\W+/g, "-").toLowerCase();
  addTools(element, {
    PNG: () => plot && offerPicture(name(), plot.ctx.canvas),
    CSV: () => content && offerDownload(`${name()}.csv`, "text/csv", toCsv(tableOf(content, options))),
  });
  return {
    update(next) {
      const sameShape = plot && content && shapeOf(content) === shapeOf(next);
      content = next;
      if (!sameShape) return draw();
      plot.setData([next.x, ...next.series.map((one) => one.values)], next.zoom === undefined || next.zoom === null);
    },
  };
}

/** Steps between ticks where x counts something. */
const WHOLE = [1, 2, 5]
  .flatMap((step) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((scale) => step * scale))
  .sort((a, b) => a - b);

/** What must be equal for new data to fit an old plot. */
function shapeOf({ series, log, zoom, yRange }) {
  return JSON.stringify([
    series.map(({ label, colour, style }) => [label, colour, style]),
    log,
    zoom,
    yRange,
    flatRange(series),
  ]);
}

function sizeOf(element) {
  return { width: Math.max(200, element.clientWidth), height: Math.max(120, element.clientHeight) };
}

function makePlot(element, content, options) {
  const { x, series, bands = [], log = false, zoom = null, yRange } = content;
  const shown = series.filter((one) => one.style !== "edge").length;
  const range = yRange ?? (log ? null : flatRange(series));
  const legend = legendFor(element, series, { x, tick });
  const plot = new uPlot(
    {
      ...sizeOf(element),
      scales: {
        x: { time: false, ...(zoom && { min: zoom[0], max: zoom[1] }) },
        y: { distr: log ? 3 : 1, ...(range && { range }) },
      },
      axes: [
        { ...axis(options.xLabel), ...(x.every(Number.isInteger) && { incrs: WHOLE }) },
        {
          ...axis(null),
          size: (_, labels) => widthOf(labels),
          values: (_, ticks, __, ___, step) => ticks.map((value) => tick(value, step)),
        },
      ],
      series: [{ label: options.xLabel }, ...series.map((one) => lineOf(one, x.length))],
      bands: bands.map(([upper, lower]) => ({
        series: [upper + 1, lower + 1],
        fill: withAlpha(colour(`s${series[upper].colour % 10}`), 0.16),
      })),
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, focus: { prox: 24 }, sync: { key: "curves" } },
      focus: { alpha: shown > 3 ? 0.25 : 1 },
      hooks: {
        setSelect: [(u) => reportZoom(u, options)],
        ready: [(u) => resetOnDoubleClick(u, options)],
        setCursor: [(u) => legend.show(u.cursor.idx)],
      },
    },
    [x, ...series.map((one) => one.values)],
    element,
  );
  legend.onToggle((index, show) => plot.setSeries(index + 1, { show }));
  return plot;
}

/** A curve that never moves lies in the middle of its chart; null: curves that move. */
function flatRange(series) {
  const [first, ...others] = new Set(series.flatMap(({ values }) => values.filter(Number.isFinite)));
  if (first === undefined || others.length > 0) return null;
  const room = Math.abs(first) / 10 || 1;
  return [first - room, first + room];
}

/** Room for an axis' labels. */
function widthOf(labels) {
  return Math.max(56, 20 + 6.5 * Math.max(0, ...(labels ?? []).map((label) => String(label ?? "").length)));
}

function axis(label) {
  return {
    stroke: colour("muted"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1 },
    font: "11px system-ui",
    ...(label && { label, labelFont: "11px system-ui", labelSize: 18 }),
  };
}

function lineOf({ label, colour: index, style }, count) {
  const stroke = colour(`s${index % 10}`);
  const edge = style === "edge";
  return {
    label,
    stroke: style === "faint" ? withAlpha(stroke, 0.3) : stroke,
    width: edge ? 0 : style === "faint" ? 1 : 1.8,
    ...(style === "dash" && { dash: [5, 4] }),
    points: { show: !edge && style !== "faint" && count <= 40, size: 5, fill: colour("card") },
    spanGaps: true,
    value: (_, value) => (value === null || value === undefined ? "–" : tick(value)),
  };
}

function reportZoom(plot, { onZoom }) {
  if (!onZoom || plot.select.width < 2) return;
  const at = (pixel) => plot.posToVal(pixel, "x");
  onZoom([at(plot.select.left), at(plot.select.left + plot.select.width)]);
}

function resetOnDoubleClick(plot, { onZoom }) {
  if (onZoom) plot.over.addEventListener("dblclick", () => onZoom(null));
}

function withAlpha(hex, alpha) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

/** At most four figures, more where the ticks beside it would else look the same. @param step between two ticks */
function tick(value, step = null) {
  if (value === null) return "";
  if (step > 0 && Math.abs(value) >= 1e3 * step && step < 1) return value.toFixed(Math.ceil(-Math.log10(step)));
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(1) : String(Number(value.toPrecision(4)));
}

function tableOf({ x, series }, { xLabel }) {
  return [
    [xLabel, ...series.map((one) => one.label)],
    ...x.map((at, i) => [at, ...series.map((one) => one.values[i])]),
  ];
}
