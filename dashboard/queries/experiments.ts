// The experiments page: for each experiment on one data set, variants by seeds, with the chosen metric and its interval.
// A variant is shown with its newest settings; a seed with its latest finished run, else its latest.
import type { RunKind } from "../../core/store/kind-text.ts";
import { seedText, type SeedAndFold } from "../../core/store/seed-text.ts";
import type { Sql } from "../sql.ts";
import { meanInterval, type Interval } from "../statistics/interval.ts";
import type { MetricChoice } from "../metric-names.ts";

export interface GridRun extends SeedAndFold, RunKind {
  readonly id: string;
  readonly status: string;
  readonly metric: number | null;
}

export interface GridVariant {
  readonly name: string;
  readonly randomWeights: boolean;
  /** One a seed and fold. */
  readonly runs: readonly GridRun[];
  /** The metric of the finished ones. */
  readonly values: readonly number[];
  readonly interval: Interval | null;
  /** Mean validation loss by epoch. */
  readonly spark: readonly number[];
}

export interface ExperimentGrid {
  readonly project: string;
  readonly name: string;
  readonly dataset: string | null;
  readonly smoke: boolean;
  readonly simulated: boolean;
  readonly lastAt: Date;
  readonly seeds: readonly SeedAndFold[];
  readonly variants: readonly GridVariant[];
  readonly missing: number;
  readonly failed: number;
  readonly finished: number;
  /** Of the runs that are going on; null when none is. */
  readonly secondsLeft: number | null;
}

interface Row {
  readonly run_id: string;
  readonly project: string;
  readonly experiment: string;
  readonly dataset: string | null;
  readonly dataset_digest: string | null;
  readonly smoke: boolean;
  readonly variant: string;
  readonly seed: number;
  readonly fold: number | null;
  readonly status: string;
  readonly kind: string;
  readonly imported_from: string | null;
  readonly simulated: boolean;
  readonly init: string | null;
  readonly created_at: Date;
  readonly metric: number | null;
  readonly losses: number[] | null;
  readonly seconds_left: number | null;
}

/** Experiments a page. */
export const EXPERIMENTS_SHOWN = 10;

/** Newest experiment first; batches are read of running runs alone. @param page from 1 @param only of this experiment */
export async function readExperiments(
  sql: Sql,
  metric: MetricChoice,
  { page = 1, only = null }: { readonly page?: number; readonly only?: string | null } = {},
): Promise<ExperimentGrid[]> {
  const rows = await sql<Row[]>`
    with chosen as (
      select project, experiment from runs where deleted_at is null and archived_at is null
        ${only === null ? sql`` : sql`and experiment = ${only}`}
      group by project, experiment order by max(created_at) desc
      limit ${EXPERIMENTS_SHOWN} offset ${(page - 1) * EXPERIMENTS_SHOWN}
    ), shown as (
      select *, first_value(settings_hash) over (
        partition by project, experiment, dataset_digest, smoke, variant order by created_at desc) as newest_hash
      from runs join chosen using (project, experiment) where deleted_at is null and archived_at is null
    ), latest as (
      select distinct on (project, experiment, dataset_digest, smoke, variant, seed, fold) *
      from shown where settings_hash = newest_hash
      order by project, experiment, dataset_digest, smoke, variant, seed, fold, status = 'done' desc, created_at desc
    )
    select r.run_id, r.project, r.experiment, d.name as dataset, r.dataset_digest, r.smoke, r.variant, r.seed, r.fold, r.status,
      r.kind, r.provenance #>> '{imported,tool}' as imported_from, r.simulated, r.init, r.created_at, ${sql(`r.${metric.key}`)} as metric, v.losses, p.seconds_left
    from latest r
    left join datasets d on d.dataset_digest = r.dataset_digest
    left join lateral (
      select array_agg(e.loss order by e.epoch) as losses from epochs e where e.run_id = r.run_id and e.phase = 'val'
    ) v on true
    left join lateral (
      select extract(epoch from now() - r.started_at)::float8 * (greatest(total - done, 0) / nullif(done, 0)) as seconds_left
      from (select count(*)::float8 as done, r.epochs * ceil(r.train_samples::float8 / r.batch_size) as total
            from batches b where r.status = 'running' and b.run_id = r.run_id and b.phase = 'train') counted
    ) p on true
    order by r.created_at`;
  const groups = groupBy(rows, (row) => JSON.stringify([row.project, row.experiment, row.dataset_digest, row.smoke]));
  return [...groups.values()].map(gridOf).sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime());
}

export async function countExperiments(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(distinct (project, experiment))::int as n from runs where deleted_at is null and archived_at is null`;
  return row?.n ?? 0;
}

function gridOf(rows: readonly Row[]): ExperimentGrid {
  const first = rows[0] as Row;
  const seeds = [...new Map(rows.map(({ seed, fold }) => [seedText({ seed, fold }), { seed, fold }])).values()];
  seeds.sort((a, b) => a.seed - b.seed || (a.fold ?? 0) - (b.fold ?? 0));
  const variants = [...groupBy(rows, (row) => row.variant).entries()].map(([name, own]) => variantOf(name, own));
  const left = rows.flatMap((row) => (row.seconds_left === null ? [] : [row.seconds_left]));
  return {
    project: first.project,
    name: first.experiment,
    dataset: first.dataset,
    smoke: first.smoke,
    simulated: rows.some((row) => row.simulated),
    lastAt: rows.reduce((last, row) => (row.created_at > last ? row.created_at : last), first.created_at),
    seeds,
    variants,
    missing: variants.length * seeds.length - rows.length,
    failed: rows.filter((row) => ["failed", "lost", "interrupted"].includes(row.status)).length,
    finished: rows.filter((row) => row.status === "done").length,
    secondsLeft: left.length === 0 ? null : Math.max(...left),
  };
}

function variantOf(name: string, rows: readonly Row[]): GridVariant {
  const values = rows.flatMap((row) => (row.status === "done" && row.metric !== null ? [row.metric] : []));
  return {
    name,
    randomWeights: rows.some((row) => row.init === "random"),
    runs: rows.map((row) => ({
      id: row.run_id,
      seed: row.seed,
      fold: row.fold,
      status: row.status,
      kind: row.kind,
      importedFrom: row.imported_from,
      metric: row.metric,
    })),
    values,
    interval: meanInterval(values),
    spark: meanByPosition(rows.flatMap((row) => (row.losses === null ? [] : [row.losses]))),
  };
}

function meanByPosition(lists: readonly (readonly number[])[]): number[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => {
    const values = lists.flatMap((list) => (list[i] === undefined ? [] : [list[i]]));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

/** In order of first appearance. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
