// Charts other than curves, with ECharts: the page's colours, PNG, SVG and CSV. Tooltips are drawn on the canvas,
// because the content policy forbids the inline styles of ECharts' HTML ones.
import * as echarts from "/vendor/echarts.js";
import { addTools, offerDownload, toCsv } from "./download.js";
import { colour, onTheme } from "./data.js";

/**
 * @param {HTMLElement} element
 * @param {() => object} makeOption called again when light and dark change places
 * @param {() => unknown[][]} makeTable rows of the CSV, names first
 * @returns {{ redraw(): void, chart: echarts.ECharts }}
 */
export function echart(element, makeOption, makeTable) {
  element.replaceChildren();
  const chart = echarts.init(element, null, { renderer: "canvas" });
  const redraw = () => chart.setOption(withColours(makeOption()), { notMerge: true });
  redraw();
  onTheme(redraw);
  new ResizeObserver(() => chart.resize()).observe(element);
  const name = (element.dataset.title ?? element.getAttribute("aria-label") ?? "chart")
    .replace(/\W+/g, "-")
    .toLowerCase();
  addTools(element, {
    PNG: () => savePicture(chart, `${name}.png`),
    SVG: () => offerDownload(`${name}.svg`, "image/svg+xml", asSvg(element, makeOption())),
    CSV: () => offerDownload(`${name}.csv`, "text/csv", toCsv(makeTable())),
  });
  return { redraw, chart };
}

/** The palette of the page, series 0 to 9. */
export function palette() {
  return Array.from({ length: 10 }, (_, i) => colour(`s${i}`));
}

/** An axis in the page's colours. */
export function axisStyle(name, extra = {}) {
  return {
    name,
    nameLocation: "middle",
    nameGap: 28,
    nameTextStyle: { color: colour("muted") },
    axisLabel: { color: colour("muted") },
    axisLine: { lineStyle: { color: colour("line") } },
    splitLine: { lineStyle: { color: colour("line") } },
    ...extra,
  };
}

function withColours(option) {
  return {
    color: palette(),
    textStyle: { color: colour("text"), fontFamily: "system-ui, sans-serif" },
    animation: false,
    ...option,
    ...(option.tooltip && {
      tooltip: {
        renderMode: "richText",
        backgroundColor: colour("card"),
        borderColor: colour("line"),
        textStyle: { color: colour("text"), fontSize: 12 },
        ...option.tooltip,
      },
    }),
  };
}

function savePicture(chart, name) {
  const url = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: colour("card") });
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

function asSvg(element, option) {
  const size = { width: element.clientWidth, height: element.clientHeight };
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption({ ...withColours(option), backgroundColor: colour("card") });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
