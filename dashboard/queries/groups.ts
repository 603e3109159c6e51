// The runs table grouped by a column or a config key: how many runs, and the mean of each metric with its interval.
import type { Filter } from "../filter/parse.ts";
import type { Sql } from "../sql.ts";
import { meanInterval, type Interval } from "../statistics/interval.ts";
import { METRIC_CHOICES } from "../metric-names.ts";
import type { Column } from "./columns.ts";
import { conditions } from "./runs.ts";

export interface RunGroup {
  /** The group's value as text; null where runs have none. */
  readonly value: string | null;
  readonly runs: number;
  readonly done: number;
  /** By the metric's key. */
  readonly intervals: Readonly<Record<string, Interval | null>>;
}

export async function groupRuns(
  sql: Sql,
  list: { readonly filter: Filter | null; readonly archived: boolean; readonly group: Column },
): Promise<RunGroup[]> {
  const metrics = METRIC_CHOICES.map(
    ({ key }) => sql`,
    array_agg(${sql(`r.${key}`)}) filter (where r.status = 'done' and ${sql(`r.${key}`)} is not null) as ${sql(key)}`,
  );
  const rows = await sql<({ value: string | null; runs: number; done: number } & Record<string, number[] | null>)[]>`
    select (${list.group.expression(sql)})::text as value, count(*)::int as runs,
      count(*) filter (where r.status = 'done')::int as done ${metrics}
    from runs r left join datasets d using (dataset_digest)
    where ${conditions(sql, list)} group by 1 order by min(r.created_at) limit 500`;
  return rows.map(({ value, runs, done, ...values }) => ({
    value,
    runs,
    done,
    intervals: Object.fromEntries(METRIC_CHOICES.map(({ key }) => [key, meanInterval(values[key] ?? [])])),
  }));
}
