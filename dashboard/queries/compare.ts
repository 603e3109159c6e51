// What the compare page reads beside the runs themselves: how each run's right and wrong answers fall against a baseline's.
import type { Sql } from "../sql.ts";
import { matrixOf, type Counts } from "../confusion.ts";

export interface Discordance {
  readonly runId: string;
  /** Samples that both have. */
  readonly shared: number;
  readonly onlyBaseline: number;
  readonly onlyRun: number;
}

/** For each run, against the baseline on the same samples of the phase: of the same data set, which an external phase's name tells. */
export async function readDiscordances(
  sql: Sql,
  baseline: string,
  runIds: readonly string[],
  phase: string,
): Promise<Discordance[]> {
  return sql<Discordance[]>`
    select p.run_id as "runId", count(*)::int as shared,
      count(*) filter (where b.label = b.predicted and p.label <> p.predicted)::int as "onlyBaseline",
      count(*) filter (where b.label <> b.predicted and p.label = p.predicted)::int as "onlyRun"
    from predictions p
    join runs r on r.run_id = p.run_id
    join predictions b on b.run_id = ${baseline} and b.phase = ${phase} and b.sample_id = p.sample_id and b.epoch = p.epoch
    join runs base on base.run_id = b.run_id and (${phase} like 'external:%' or base.dataset_digest = r.dataset_digest)
    where p.run_id = any(${runIds as string[]}::uuid[]) and p.phase = ${phase} group by p.run_id`;
}

/** Confusion matrices of test, or of an external phase, by run id. */
export async function readFinalConfusions(
  sql: Sql,
  runIds: readonly string[],
  phase: string,
  classCount: number,
): Promise<Map<string, Counts>> {
  const rows = await sql<{ run: string; t: number[]; p: number[]; n: number[] }[]>`
    select run_id as run, array_agg(true_class) as t, array_agg(predicted_class) as p, array_agg(n) as n
    from confusion_cells where run_id = any(${runIds as string[]}::uuid[]) and phase = ${phase} group by run_id`;
  return new Map(
    rows.map(({ run, t, p, n }) => {
      const cells = n.map((count, i) => ({ trueClass: t[i] as number, predictedClass: p[i] as number, n: count }));
      return [run, matrixOf(cells, classCount)];
    }),
  );
}
