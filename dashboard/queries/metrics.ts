// What a program, a hook or the machine itself logged of a run beside our own rows: numbers by step, and histograms.
import type { Filter } from "../filter/parse.ts";
import type { Sql } from "../sql.ts";
import { conditions } from "./runs.ts";

/** Columns of equal length, in order of steps. */
export interface MetricCurve {
  readonly name: string;
  readonly step: number[];
  readonly epoch: (number | null)[];
  /** Since the run's first logged number. */
  readonly seconds: number[];
  readonly value: (number | null)[];
}

/** At most so many points a curve: of more, every k-th and the last. */
const MOST_POINTS = 2000;

export async function readMetrics(sql: Sql, runId: string): Promise<MetricCurve[]> {
  return sql<MetricCurve[]>`
    select name, array_agg(step::float8 order by step) as step, array_agg(epoch order by step) as epoch,
      array_agg(seconds order by step) as seconds, array_agg(value order by step) as value
    from (
      select name, step, epoch, value, extract(epoch from at - min(at) over ())::float8 as seconds,
        row_number() over (partition by name order by step) as i, count(*) over (partition by name) as n
      from metric_values where run_id = ${runId}
    ) numbered where (n - i) % ceil(n / ${MOST_POINTS}::float8)::int = 0
    group by name order by name`;
}

export interface LoggedMetric {
  readonly name: string;
  readonly last: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly count: number;
}

/** In a few numbers, NaN and infinities left out of all but the last; without those of the machine. */
export async function readLoggedMetrics(sql: Sql, runId: string): Promise<LoggedMetric[]> {
  const finite = sql`filter (where value between '-1e308' and '1e308')`;
  return sql<LoggedMetric[]>`
    select name, (array_agg(value order by step desc))[1] as last, min(value) ${finite} as lowest, max(value) ${finite} as highest,
      count(*)::int as count
    from metric_values where run_id = ${runId} and name not like 'system/%' group by name order by name`;
}

export interface HistogramRow {
  readonly step: number;
  readonly epoch: number | null;
  /** One more than there are counts, ascending. */
  readonly edges: number[];
  readonly counts: number[];
}

export async function readHistograms(sql: Sql, runId: string, name: string): Promise<HistogramRow[]> {
  return sql<HistogramRow[]>`
    select step::float8 as step, epoch, edges, counts from histograms
    where run_id = ${runId} and name = ${name} order by step`;
}

export interface LoggedNames {
  readonly metrics: readonly string[];
  readonly histograms: readonly string[];
}

export async function readLoggedNames(sql: Sql, runId: string): Promise<LoggedNames> {
  const [metrics, histograms] = await Promise.all([
    sql<{ name: string }[]>`select distinct name from metric_values where run_id = ${runId} order by name`,
    sql<{ name: string }[]>`select distinct name from histograms where run_id = ${runId} order by name`,
  ]);
  return { metrics: metrics.map(({ name }) => name), histograms: histograms.map(({ name }) => name) };
}

/** Names that the newest 100 runs of a list logged: one look into the primary key for each name of each run, however much it logged. */
export async function readListedNames(
  sql: Sql,
  list: { readonly filter: Filter | null; readonly archived: boolean },
): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    with recursive shown as (
      select r.run_id from runs r left join datasets d using (dataset_digest)
      where ${conditions(sql, list)} order by r.created_at desc limit 100
    ), names as (
      select run_id, (select min(m.name) from metric_values m where m.run_id = shown.run_id) as name from shown
      union all
      select run_id, (select min(m.name) from metric_values m where m.run_id = names.run_id and m.name > names.name)
      from names where name is not null
    )
    select distinct name from names where name is not null order by name`;
  return rows.map(({ name }) => name);
}
