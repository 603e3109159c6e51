// A line chart as SVG text, by ECharts without a browser. Colours are the page's variables, so that it follows light and dark.
import { init } from "echarts";

export interface Line {
  readonly label: string;
  /** By x; without ends where one value has no interval. */
  readonly points: readonly { x: number; mean: number; low95: number | null; high95: number | null }[];
}

const [WIDTH, PLOT_HEIGHT, LEGEND_ROW, LABELS_A_ROW] = [520, 270, 20, 3];
/** More names than this would hide the curves. */
const MOST_NAMES = 24;

export function drawLines(lines: readonly Line[], xName: string): string {
  const names = lines.slice(0, MOST_NAMES).map(({ label }) => label);
  const legendHeight = Math.ceil(names.length / LABELS_A_ROW) * LEGEND_ROW + 8;
  const chart = init(null, null, {
    ...{ renderer: "svg", ssr: true },
    ...{ width: WIDTH, height: PLOT_HEIGHT + legendHeight },
  });
  chart.setOption({
    animation: false,
    textStyle: { color: "var(--text)", fontFamily: "system-ui, sans-serif" },
    grid: { left: 8, right: 16, top: legendHeight + 8, bottom: 26, containLabel: true },
    legend: {
      top: 0,
      data: names,
      textStyle: { color: "var(--text)" },
      icon: "roundRect",
      itemWidth: 12,
      itemHeight: 8,
    },
    xAxis: { type: "value", ...axis(xName), min: "dataMin", max: "dataMax", minInterval: 1, nameGap: 26 },
    yAxis: { type: "value", scale: true, ...axis("") },
    series: lines.flatMap((line, index) => [...band(line, index), middle(line, index)]),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return inline(svg);
}

function axis(name: string): object {
  return {
    name,
    nameLocation: "middle",
    nameTextStyle: { color: "var(--muted)" },
    axisLabel: { color: "var(--muted)" },
    axisLine: { lineStyle: { color: "var(--line)" } },
    axisTick: { lineStyle: { color: "var(--line)" } },
    splitLine: { lineStyle: { color: "var(--line)" } },
  };
}

function middle({ label, points }: Line, index: number): object {
  const color = `var(--s${index % 10})`;
  return {
    type: "line",
    name: label,
    silent: true,
    color,
    lineStyle: { width: 1.8 },
    symbol: "circle",
    symbolSize: points.length > 40 ? 0 : 5,
    data: points.map(({ x, mean }) => [x, mean]),
  };
}

/** Two stacked areas, of which the lower is not seen; none where no point has an interval. */
function band({ points }: Line, index: number): object[] {
  const known = points.filter(({ low95 }) => low95 !== null) as { x: number; low95: number; high95: number }[];
  if (known.length === 0) return [];
  const hidden = { silent: true, symbol: "none", lineStyle: { opacity: 0 }, stack: `band ${index}` };
  const common = { type: "line", stackStrategy: "all", ...hidden };
  return [
    { ...common, data: known.map(({ x, low95 }) => [x, low95]) },
    {
      ...common,
      color: `var(--s${index % 10})`,
      areaStyle: { opacity: 0.16 },
      data: known.map(({ x, low95, high95 }) => [x, high95 - low95]),
    },
  ];
}

/**
 * For inside HTML: as wide as its place; no names of namespaces and no style of its own, which HTML needs neither of. No clip paths
 * either: nothing lies outside the axes, and several charts in one file would share their ids.
 */
function inline(svg: string): string {
  return svg
    .replace(/<svg width="\d+" height="\d+"[^>]*?(viewBox="[^"]*")[^>]*>/, '<svg width="100%" $1>')
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/<defs[\s\S]*?<\/defs>/g, "")
    .replaceAll(/ (class="zr|clip-path=")[^"]*"/g, "");
}
