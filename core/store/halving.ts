// Successive halving in the database: the validation results that it decides by, and what it decided.
import type { HalvingMetric } from "../experiment/settings.ts";
import type { Store } from "./connect.ts";

export interface RungValue {
  readonly runId: string;
  /** Validated epochs that are stored. */
  readonly epochs: number;
  /** The best of the epochs up to the rung: the lowest loss, the highest of anything else; null where it is undefined. */
  readonly value: number | null;
}

/** Whether a run has come to the rung. @param stored undefined: it has no validated epoch */
export function hasReached(stored: RungValue | undefined, rung: number): boolean {
  return (stored?.epochs ?? 0) >= rung;
}

/** By run; a run without a validated epoch is missing. */
export async function readRungValues(
  store: Store,
  runIds: readonly string[],
  { metric, epoch }: { readonly metric: HalvingMetric; readonly epoch: number },
): Promise<Map<string, RungValue>> {
  const { sql } = store;
  const best = metric === "loss" ? sql`min` : sql`max`;
  const rows = await sql<RungValue[]>`
    select run_id as "runId", max(epoch) as epochs, ${best}(${sql(metric)}) filter (where epoch <= ${epoch}) as value
    from epochs where run_id = any(${[...runIds]}::uuid[]) and phase = 'val' group by run_id`;
  return new Map(rows.map((row) => [row.runId, row]));
}

export interface HalvingDecision {
  readonly runId: string;
  readonly epoch: number;
  readonly metric: string;
  readonly value: number | null;
  readonly score: number | null;
  readonly rank: number;
  readonly variants: number;
  readonly kept: boolean;
}

/** A decision made again takes the place of the first. Runs that do not go on are pruned, unless they are over already. */
export async function saveDecisions(store: Store, decisions: readonly HalvingDecision[]): Promise<void> {
  await store.sql.begin(async (sql) => {
    for (const { runId, epoch, metric, value, score, rank, variants, kept } of decisions) {
      await sql`
        insert into halving_decisions (run_id, epoch, metric, value, score, rank, variants, kept)
        values (${runId}, ${epoch}, ${metric}, ${value}, ${score}, ${rank}, ${variants}, ${kept})
        on conflict (run_id, epoch) do update set metric = excluded.metric, value = excluded.value, score = excluded.score,
          rank = excluded.rank, variants = excluded.variants, kept = excluded.kept, decided_at = now()`;
      if (!kept)
        await sql`update runs set status = 'pruned', ended_at = now() where run_id = ${runId} and status = 'paused'`;
    }
  });
}

export async function readDecisions(store: Store, runId: string): Promise<HalvingDecision[]> {
  return store.sql<HalvingDecision[]>`
    select run_id as "runId", epoch, metric, value, score, rank, variants, kept from halving_decisions
    where run_id = ${runId} order by epoch`;
}
