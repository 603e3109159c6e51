// Runs that wait for a worker: pg-boss in the same database, over our own connection. One queue for each version of the code and each
// engine, so that a worker never takes a run that would get other bits from it. A worker that dies is noticed by its run's heartbeat,
// not by a time limit, so a run may take as long as it takes.
import type PgBoss from "pg-boss";
import type { Sql, TransactionSql } from "postgres";
import { findRun, type RunRow, type Store } from "../../store/index.ts";
import { claimStored } from "../claim.ts";
import { readCodeState } from "../code-digest.ts";

export interface Taken {
  readonly jobId: string;
  /** As it stood before; from now on it is this process's. */
  readonly run: RunRow;
  /** How often it was given back before. */
  readonly retries: number;
}

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
  /** "waiting", "running", "paused", "given back" or "failed". */
  readonly standing: string;
  /** Why it was given back last; null: it was not. */
  readonly reason: string | null;
}

export interface Queue {
  /** Of this code and the engine. */
  readonly name: string;
  /** @param sql the transaction that makes the run's row */
  send(sql: TransactionSql, runId: string, priority: number): Promise<void>;
  /** The run of highest priority, the oldest first; null: none waits. @param except jobs that others are to take */
  take(except: readonly string[]): Promise<Taken | null>;
  done(taken: Taken): Promise<void>;
  /** Out of the queue until it is put back. */
  setAside(taken: Taken): Promise<void>;
  /** Another worker may take it; the run stands as it did before. */
  giveBack(taken: Taken, reason: string): Promise<void>;
  /** Gives back what was taken for runs whose process is gone. Call `markLostRuns` before. @returns how many */
  returnLost(): Promise<number>;
  /** Runs of this queue that wait or are being trained, but for those jobs that wait. */
  unfinished(except: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

const SCHEMA = "pgboss";
/** Runs that were lost so often are given up: something about them kills their workers. */
const MOST_RETRIES = 100;

/** @param engine that workers of the queue compute with */
export async function openQueue(store: Store, engine: string): Promise<Queue> {
  const { boss, close } = await openBoss(store);
  const name = queueName(engine);
  await boss.createQueue(name, { name, retryLimit: MOST_RETRIES });
  return {
    name,
    send: async (sql, runId, priority) => {
      await boss.send(name, { runId }, { priority, singletonKey: runId, db: databaseOf(sql) });
    },
    take: (except) => takeOne(store, name, except),
    done: async ({ jobId }) => boss.complete(name, jobId),
    setAside: async ({ jobId }) => boss.cancel(name, jobId),
    giveBack: async ({ jobId, run }, reason) => {
      await store.sql`update runs set status = ${run.status}, owner = null where run_id = ${run.runId} and status = 'running'`;
      await boss.fail(name, jobId, { reason });
    },
    returnLost: async () => {
      const lost = await store.sql<{ id: string }[]>`
        select j.id from ${store.sql(SCHEMA)}.job j join runs r on r.run_id = (j.data->>'runId')::uuid
        where j.name = ${name} and j.state = 'active' and r.status = 'lost'`;
      for (const { id } of lost) await boss.fail(name, id, { reason: "its worker is gone" });
      return lost.length;
    },
    unfinished: async (except) => {
      const [row] = await store.sql<{ n: number }[]>`
        select count(*)::int as n from ${store.sql(SCHEMA)}.job where name = ${name}
          and (state = 'active' or state in ('created', 'retry') and id <> all(${[...except]}::uuid[]))`;
      return row?.n ?? 0;
    },
    close,
  };
}

/** Job and run in one transaction, so that whoever dies in between leaves neither behind. */
async function takeOne(store: Store, name: string, except: readonly string[]): Promise<Taken | null> {
  return store.sql.begin(async (sql) => {
    const job = await fetchJob(sql, name, except);
    if (job === undefined) return null;
    const run = await findRun({ ...store, sql: sql as unknown as Sql }, job.runId);
    await claimStored(sql, run.runId);
    return { jobId: job.id, run, retries: job.retries };
  });
}

/** What boss.fetch does, which knows no exceptions. */
async function fetchJob(
  sql: TransactionSql,
  name: string,
  except: readonly string[],
): Promise<{ id: string; runId: string; retries: number } | undefined> {
  const [job] = await sql<{ id: string; runId: string; retries: number }[]>`
    with next as (
      select id from ${sql(SCHEMA)}.job
      where name = ${name} and state < 'active' and start_after < now() and id <> all(${[...except]}::uuid[])
      order by priority desc, created_on, id limit 1 for update skip locked
    )
    update ${sql(SCHEMA)}.job j set state = 'active', started_on = now(),
      retry_count = case when started_on is not null then retry_count + 1 else retry_count end
    from next where j.name = ${name} and j.id = next.id
    returning j.id, j.data->>'runId' as "runId", j.retry_count as retries`;
  return job;
}

/** Takes a waiting run out of the queue. @returns false where it does not wait there */
export async function takeOut(store: Store, runId: string, status: "paused" | "interrupted"): Promise<boolean> {
  return withBoss(store, async (boss) => {
    const job = await jobOf(store, runId, ["created", "retry"]);
    if (job === null) return false;
    await boss.cancel(job.queue, job.id);
    await store.sql`update runs set status = ${status} where run_id = ${runId} and status in ('queued', 'lost', 'interrupted')`;
    return true;
  });
}

/** Puts a run that was taken out back in. @returns false where it was not */
export async function putBack(store: Store, runId: string): Promise<boolean> {
  return withBoss(store, async (boss) => {
    const job = await jobOf(store, runId, ["cancelled"]);
    if (job === null) return false;
    await boss.resume(job.queue, job.id);
    await store.sql`update runs set status = 'queued', stop_requested_at = null
      where run_id = ${runId} and status in ('paused', 'interrupted')`;
    return true;
  });
}

/** All that is not done, in the order in which it is taken. */
export async function listQueue(store: Store): Promise<QueuedRun[]> {
  return withBoss(
    store,
    () => store.sql<QueuedRun[]>`
      select r.run_id as "runId", r.experiment || '/' || r.variant || '/' || r.seed as name, r.status, j.priority,
        j.retry_count as retries, j.created_on as "queuedAt", case when r.status = 'running' then r.owner end as owner, j.name as queue,
        case j.state when 'created' then 'waiting' when 'retry' then 'given back' when 'active' then 'running'
          when 'cancelled' then 'paused' else j.state::text end as standing,
        j.output->>'reason' as reason
      from ${store.sql(SCHEMA)}.job j join runs r on r.run_id = (j.data->>'runId')::uuid
      where j.state in ('created', 'retry', 'active', 'cancelled', 'failed') and r.status <> 'done' and r.deleted_at is null
      order by j.state = 'active' desc, j.priority desc, j.created_on`,
  );
}

function queueName(engine: string): string {
  return `lockstep-${readCodeState().digest.slice(0, 16)}-${engine}`;
}

async function jobOf(
  store: Store,
  runId: string,
  states: readonly string[],
): Promise<{ id: string; queue: string } | null> {
  const [job] = await store.sql<{ id: string; queue: string }[]>`
    select id, name as queue from ${store.sql(SCHEMA)}.job
    where data->>'runId' = ${runId} and state::text = any(${[...states]}) order by created_on desc limit 1`;
  return job ?? null;
}

async function withBoss<T>(store: Store, work: (boss: PgBoss) => Promise<T>): Promise<T> {
  const { boss, close } = await openBoss(store);
  try {
    return await work(boss);
  } finally {
    await close();
  }
}

/** Its tables are made when they are not there. */
async function openBoss(store: Store): Promise<{ boss: PgBoss; close: () => Promise<void> }> {
  const { default: Boss } = await import("pg-boss");
  const boss = new Boss({ db: databaseOf(store.sql), schema: SCHEMA, supervise: false, schedule: false });
  await boss.start();
  return { boss, close: () => boss.stop({ graceful: false, close: false }) };
}

/** postgres.js has transactions as functions, and null for what pg leaves out. */
function databaseOf(sql: Sql | TransactionSql): PgBoss.Db {
  return {
    executeSql: async (text, values: readonly unknown[] = []) => {
      const inner = /^\s*BEGIN;([\s\S]*)COMMIT;\s*$/.exec(text)?.[1];
      const given = values.map((value) => (value === undefined ? null : value)) as never[];
      const rows =
        inner !== undefined && "begin" in sql
          ? await sql.begin((own) => own.unsafe(inner))
          : await sql.unsafe(text, given);
      return { rows };
    },
  };
}
