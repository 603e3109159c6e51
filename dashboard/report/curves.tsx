/** @jsxImportSource hono/jsx */
// Curves for files: every group's mean over its runs with its 95 % band, drawn once as SVG in the page's colours.
import { raw } from "hono/html";
import type { CurveGroup } from "../comparison/groups.ts";
import { manyCurves, type Curve } from "../queries/curves.ts";
import type { Sql } from "../sql.ts";
import { meanInterval } from "../statistics/interval.ts";
import { Card } from "../views/parts.tsx";
import { drawLines, type Line } from "./line-svg.ts";

export interface CurveChart {
  readonly title: string;
  readonly svg: string;
}

const CHARTS = [
  { title: "Validation loss", phase: "val", metric: "loss" },
  { title: "Validation accuracy", phase: "val", metric: "accuracy" },
  { title: "Training loss", phase: "train", metric: "loss" },
  { title: "Training accuracy", phase: "train", metric: "accuracy" },
] as const;

/** By epoch; charts without a value are left out. */
export async function readCurveCharts(sql: Sql, groups: readonly CurveGroup[]): Promise<CurveChart[]> {
  const runIds = groups.flatMap((group) => group.runs);
  const charts = await Promise.all(
    CHARTS.map(async ({ title, phase, metric }) => {
      const curves = await manyCurves(sql, { runIds, phase, metric, by: "epoch" });
      const lines = groups.flatMap((group) => lineOf(group, curves));
      return lines.length === 0 ? [] : [{ title, svg: drawLines(lines, "epoch") }];
    }),
  );
  return charts.flat();
}

/** None where no run of the group has a value. */
function lineOf({ label, runs }: CurveGroup, curves: readonly Curve[]): Line[] {
  const valuesAt = new Map<number, number[]>();
  for (const { run, x, y } of curves) {
    if (!runs.includes(run)) continue;
    x.forEach((at, i) => {
      const value = y[i];
      if (value !== null && value !== undefined) valuesAt.set(at, [...(valuesAt.get(at) ?? []), value]);
    });
  }
  const points = [...valuesAt].sort(([a], [b]) => a - b).map(([x, values]) => ({ x, ...meanInterval(values)! }));
  return points.length === 0 ? [] : [{ label, points }];
}

export function CurveCards({ charts }: { charts: readonly CurveChart[] }) {
  return (
    <div class="grid2">
      {charts.map(({ title, svg }) => (
        <Card title={title}>
          <div role="img" aria-label={`${title} by epoch`}>
            {raw(svg)}
          </div>
        </Card>
      ))}
    </div>
  );
}
