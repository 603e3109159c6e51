// GET /sweep?experiment= : the finished runs of one experiment by the settings in which they differ.
import { seedText } from "../../core/store/seed-text.ts";
import { Hono } from "hono";
import { importance, type Importance } from "../comparison/importance.ts";
import { metricOf } from "../comparison/over-seeds.ts";
import type { DashboardDeps } from "../deps.ts";
import { differingSettings, type DifferingRow } from "../comparison/differences.ts";
import { setting } from "../format.ts";
import { METRIC_CHOICES, metricChoice, type MetricChoice } from "../metric-names.ts";
import { filterRuns, type RunDetail } from "../queries/runs.ts";
import type { Sql } from "../sql.ts";
import { SweepPage } from "../views/sweep.tsx";

export interface SweepColumn {
  readonly key: string;
  readonly name: string;
  /** Of a column of names; null for numbers. */
  readonly values: readonly string[] | null;
  /** Whether its values span more than a factor of 20, all positive. */
  readonly log: boolean;
}

export interface SweepRun {
  readonly id: string;
  readonly label: string;
  readonly values: Readonly<Record<string, number | string | null>>;
}

const MOST_RUNS = 1000;

export function sweepRoutes({ store }: DashboardDeps): Hono {
  return new Hono().get("/sweep", async (c) => {
    const experiments = await experimentNames(store.sql);
    const experiment = c.req.query("experiment") ?? experiments[0] ?? null;
    const metric = metricChoice(c.req.query("metric"));
    const all = experiment === null ? [] : await filterRuns(store.sql, filterOf(experiment), MOST_RUNS);
    return c.html(SweepPage({ experiments, experiment, metric, ...readSweep(all, metric) }));
  });
}

function filterOf(experiment: string) {
  return {
    kind: "all" as const,
    parts: [
      { kind: "compare" as const, name: "experiment", operator: "=" as const, value: experiment },
      { kind: "compare" as const, name: "status", operator: "=" as const, value: "done" },
    ],
  };
}

/** The one with the most finished runs first. */
async function experimentNames(sql: Sql): Promise<string[]> {
  const rows = await sql<{ experiment: string }[]>`
    select experiment from runs where deleted_at is null and archived_at is null
    group by experiment order by count(distinct settings_hash) desc, max(created_at) desc`;
  return rows.map((row) => row.experiment);
}

export function readSweep(
  runs: readonly RunDetail[],
  metric: MetricChoice,
): { columns: SweepColumn[]; runs: SweepRun[]; importances: Importance[] } {
  const settings = independent(differingSettings(runs)).map(({ key, values }) => ({
    key,
    values: values.map(asScalar),
  }));
  const metrics = METRIC_CHOICES.filter(
    ({ key }) => key === metric.key || key === "test_accuracy" || key === "val_loss",
  );
  const rows = runs.map((run, i): SweepRun => ({
    id: run.runId,
    label: `${run.variant} / ${seedText(run)}`,
    values: {
      ...Object.fromEntries(settings.map(({ key, values }) => [key, values[i] ?? null])),
      seed: run.seed,
      ...Object.fromEntries(metrics.map(({ key }) => [key, metricOf(run, key)])),
    },
  }));
  const columns = [
    ...settings.map(({ key, values }) => columnOf(key, key, values)),
    columnOf(
      "seed",
      "seed",
      runs.map((run) => run.seed),
    ),
    ...metrics.map(({ key, title }) =>
      columnOf(
        key,
        title,
        runs.map((run) => metricOf(run, key)),
      ),
    ),
  ];
  const importances = settings
    .map(({ key }) => importance(key, levelsOf(rows, key, metric.key)))
    .sort((a, b) => (b.etaSquared ?? -1) - (a.etaSquared ?? -1));
  return { columns, runs: rows, importances };
}

/**
 * Without what only comes with another setting beside it: adam has its beta1 and sgd its momentum, each always the same, which says no
 * more than optimizer.kind.
 */
function independent(settings: readonly DifferingRow[]): DifferingRow[] {
  const distinct = ({ values }: DifferingRow) =>
    new Set(values.filter((value) => (value ?? null) !== null).map((value) => JSON.stringify(value))).size;
  const parentOf = ({ key }: DifferingRow) => key.slice(0, key.lastIndexOf("."));
  const comesWith = (one: DifferingRow, other: DifferingRow) =>
    parentOf(one) !== "" &&
    parentOf(one) === parentOf(other) &&
    distinct(other) > 1 &&
    new Set(other.values.map((value, i) => JSON.stringify([value, (one.values[i] ?? null) === null]))).size ===
      new Set(other.values.map((value) => JSON.stringify(value))).size;
  return settings.filter((one) => distinct(one) > 1 || !settings.some((other) => comesWith(one, other)));
}

function levelsOf(rows: readonly SweepRun[], key: string, metric: string): { level: string; value: number }[] {
  return rows.flatMap(({ values }) => {
    const value = values[metric];
    return typeof value === "number" ? [{ level: String(values[key]), value }] : [];
  });
}

function asScalar(value: unknown): number | string | null {
  return value === undefined || value === null ? null : typeof value === "number" ? value : setting(value);
}

function columnOf(key: string, name: string, values: readonly (number | string | null)[]): SweepColumn {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.filter((value) => value !== null).length)
    return { key, name, values: [...new Set(values.map((value) => setting(value)))].sort(), log: false };
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return { key, name, values: null, log: low > 0 && high / low > 20 };
}
