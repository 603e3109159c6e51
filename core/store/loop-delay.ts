// How late the main thread came to what waited for it while a run trained, of runs made with `exp run --profile`: three of its metrics.
import type { Store } from "./connect.ts";

/** Milliseconds: what signals, the recorder and the dashboard waited for their turn. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What the numbers are called among the run's metrics. */
export const LOOP_DELAY_NAMES: Readonly<Record<keyof LoopDelay, string>> = {
  p50Ms: "profile/event-loop delay p50 ms",
  p99Ms: "profile/event-loop delay p99 ms",
  maxMs: "profile/event-loop delay max ms",
};

/** Null where it was not measured. */
export async function readLoopDelay({ sql }: Pick<Store, "sql">, runId: string): Promise<LoopDelay | null> {
  const { p50Ms, p99Ms, maxMs } = LOOP_DELAY_NAMES;
  const [row] = await sql<{ [name in keyof LoopDelay]: number | null }[]>`
    select max(value) filter (where name = ${p50Ms}) as "p50Ms", max(value) filter (where name = ${p99Ms}) as "p99Ms",
      max(value) filter (where name = ${maxMs}) as "maxMs"
    from v_metrics where run_id = ${runId} and name in (${p50Ms}, ${p99Ms}, ${maxMs})`;
  return row === undefined || row.maxMs === null ? null : (row as LoopDelay);
}

/** @example "event-loop delay 1.1 ms in the median, 12 ms at the 99th percentile, 40 ms at most" */
export function loopDelayText({ p50Ms, p99Ms, maxMs }: LoopDelay): string {
  const [p50, p99, max] = [p50Ms, p99Ms, maxMs].map((ms) => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);
  return `event-loop delay ${p50} in the median, ${p99} at the 99th percentile, ${max} at most`;
}
