// The runs table grouped by a column or a config key: how many runs, and the mean of each metric with its interval.
import type { Filter } from "../filter/parse.ts";
import type { Sql } from "../sql.ts";
import { meanInterval, type Interval } from "../statistics/interval.ts";
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
  list: {
    readonly filter: Filter | null;
    readonly archived: boolean;
    readonly group: Column;
    readonly metrics: readonly Column[];
  },
): Promise<RunGroup[]> {
  const metrics = list.metrics.map(
    ({ expression }, i) => sql`,
    array_agg(${expression(sql)}) filter (where r.status = 'done') as ${sql(`m${i}`)}`,
  );
  const rows = await sql<
    ({ value: string | null; runs: number; done: number } & Record<string, (number | null)[] | null>)[]
  >`
    select (${list.group.expression(sql)})::text as value, count(*)::int as runs,
      count(*) filter (where r.status = 'done')::int as done ${metrics}
    from runs r left join datasets d using (dataset_digest)
    where ${conditions(sql, list)} group by 1 order by min(r.created_at) limit 500`;
  return rows.map(({ value, runs, done, ...values }) => ({
    value,
    runs,
    done,
    intervals: Object.fromEntries(
      list.metrics.map(({ key }, i) => [key, meanInterval((values[`m${i}`] ?? []).filter((one) => one !== null))]),
    ),
  }));
}

/** Settings that differ among the newest 200 runs of a list, as config.KEY or config.KEY.INNER. */
export async function readDifferingSettings(
  sql: Sql,
  list: { readonly filter: Filter | null; readonly archived: boolean },
): Promise<string[]> {
  const rows = await sql<{ key: string }[]>`
    with shown as materialized (
      select case when jsonb_typeof(r.config -> 'settings') = 'object'
        then (r.config - 'settings') || (r.config -> 'settings') else r.config end as config from runs r left join datasets d using (dataset_digest)
      where ${conditions(sql, list)} and jsonb_typeof(r.config) = 'object' order by r.created_at desc limit 200
    ), outer_entries as (
      select key, value, jsonb_typeof(value) = 'object' as nested from shown, jsonb_each(config)
    ), entries as (
      select key, value from outer_entries where not nested
      union all
      select o.key || '.' || i.key, i.value
      from outer_entries o, jsonb_each(case when o.nested then o.value else '{}' end) i
    )
    select key from entries group by key
    having min(value::text collate "C") <> max(value::text collate "C") or count(*) < (select count(*) from shown)
    order by key`;
  return rows.map(({ key }) => `config.${key}`);
}
