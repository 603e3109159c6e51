// What waits for workers, and taking it out or putting it back: pg-boss' tables read and changed in place, so that the dashboard needs none
// of what trains. core/run/queue fills them and takes from them.
import type { Store } from "./connect.ts";
import { requestStop } from "./runs.ts";

/** Schema of pg-boss' tables. */
export const QUEUE_SCHEMA = "pgboss";

export interface QueuedRun {
  readonly runId: string;
  readonly name: string;
  readonly status: string;
  readonly priority: number;
  readonly retries: number;
  readonly queuedAt: Date;
  /** Host and process that trains it; null: nobody. */
  readonly owner: string | null;
  /** Which code and engine it waits for. */
  readonly queue: string;
  /** "waiting", "running", "paused", "taken out", "given back" or "failed". */
  readonly standing: string;
  /** Why it was given back last; null: it was not. */
  readonly reason: string | null;
  /** Whether whoever trains it was asked to stop. */
  readonly stopping: boolean;
}

export type QueueChange = "pause" | "resume" | "cancel";

/** All that is not done, in the order in which it is taken. */
export async function listQueue({ sql }: Pick<Store, "sql">): Promise<QueuedRun[]> {
  if (!(await hasQueue({ sql }))) return [];
  return sql<QueuedRun[]>`
    select r.run_id as "runId", r.experiment || '/' || r.variant || '/' || r.seed as name, r.status, j.priority,
      j.retry_count as retries, j.created_on as "queuedAt", case when r.status = 'running' then r.owner end as owner, j.name as queue,
      case j.state when 'created' then 'waiting' when 'retry' then 'given back' when 'active' then 'running'
        when 'cancelled' then case r.status when 'paused' then 'paused' else 'taken out' end else j.state::text end as standing,
      case when j.state = 'retry' then j.output->>'reason' end as reason,
      r.status = 'running' and r.stop_requested_at is not null as stopping
    from ${sql(QUEUE_SCHEMA)}.job j join runs r on r.run_id = (j.data->>'runId')::uuid
    where j.state in ('created', 'retry', 'active', 'cancelled', 'failed') and r.status <> 'done' and r.deleted_at is null
    order by j.state = 'active' desc, j.priority desc, j.created_on`;
}

/** @returns what came of it; null: the run is not such that it could be done */
export async function changeQueue(store: Store, runId: string, change: QueueChange): Promise<string | null> {
  if (change === "resume") return (await putBack(store, runId)) ? "waits again" : null;
  if (await takeOut(store, runId, change === "pause" ? "paused" : "interrupted"))
    return change === "pause" ? "is paused" : "is cancelled";
  return (await requestStop(store, runId)) ? "is being stopped by its worker" : null;
}

/** Takes a waiting run out of the queue. @returns false where it does not wait there */
async function takeOut(store: Store, runId: string, status: "paused" | "interrupted"): Promise<boolean> {
  if (!(await hasQueue(store))) return false;
  return store.sql.begin(async (sql) => {
    const { count } = await sql`
      update ${sql(QUEUE_SCHEMA)}.job set state = 'cancelled', completed_on = now()
      where data->>'runId' = ${runId} and state in ('created', 'retry')`;
    if (count === 0) return false;
    await sql`update runs set status = ${status} where run_id = ${runId} and status in ('queued', 'lost', 'interrupted')`;
    return true;
  });
}

/** Puts a run that was taken out back in. @returns false where it was not */
async function putBack(store: Store, runId: string): Promise<boolean> {
  if (!(await hasQueue(store))) return false;
  return store.sql.begin(async (sql) => {
    const { count } = await sql`
      update ${sql(QUEUE_SCHEMA)}.job set state = 'created', completed_on = null
      where id = (select id from ${sql(QUEUE_SCHEMA)}.job
        where data->>'runId' = ${runId} and state = 'cancelled' order by created_on desc limit 1)`;
    if (count === 0) return false;
    await sql`update runs set status = 'queued', stop_requested_at = null
      where run_id = ${runId} and status in ('paused', 'interrupted')`;
    return true;
  });
}

async function hasQueue({ sql }: Pick<Store, "sql">): Promise<boolean> {
  const [row] = await sql<{ there: boolean }[]>`select to_regclass(${`${QUEUE_SCHEMA}.job`}) is not null as there`;
  return row!.there;
}
