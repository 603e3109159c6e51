// Runs that wait for a worker: pg-boss in the same database, over our own connection. One queue for each version of the code and each
// engine, so that a worker never takes a run that would get other bits from it. A worker that dies is noticed by its run's heartbeat,
// not by a time limit, so a run may take as long as it takes.
import type PgBoss from "pg-boss";
import type { Sql, TransactionSql } from "postgres";
import { findRun, type RunRow, type Store } from "../../store/index.ts";
import { QUEUE_SCHEMA } from "../../store/queue.ts";
import { processLives } from "../../store/process-id.ts";
import { claimStored } from "../claim.ts";
import { readCodeState } from "../code-digest.ts";
import { nextLeg, type QueuedSweep } from "./queued-sweep.ts";

export interface Taken {
  readonly jobId: string;
  /** As it stood before; from now on it is this process's. */
  readonly run: RunRow;
  /** How often it was given back before. */
  readonly retries: number;
  /** Of a sweep with halving; null: the run goes to its end. */
  readonly leg: Leg | null;
}

/** A part of a run, up to a rung of its sweep or to its end. */
export interface Leg {
  readonly sweep: QueuedSweep;
  readonly pauseAfterEpoch: number | null;
  readonly priority: number;
}

/** What pg-boss keeps of a job. */
interface JobData {
  readonly runId: string;
  readonly leg?: Leg;
}

export interface Queue {
  /** Of this code and the engine. */
  readonly name: string;
  /** @param sql the transaction that makes the run's row */
  send(sql: TransactionSql, runId: string, priority: number): Promise<void>;
  /** The run of highest priority, the oldest first; null: none waits. @param except jobs that others are to take */
  take(except: readonly string[]): Promise<Taken | null>;
  /** In a sweep with halving, the last run of a rung sends those that go on. @returns what was decided, for people */
  done(taken: Taken): Promise<readonly string[]>;
  /** Sends what is to be trained now of a sweep with halving. @returns as `done` */
  advance(sweep: QueuedSweep, priority: number): Promise<readonly string[]>;
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

/** Runs that were lost so often are given up: something about them kills their workers. */
const MOST_RETRIES = 100;

/** @param engine that workers of the queue compute with */
export async function openQueue(store: Store, engine: string): Promise<Queue> {
  const { boss, close } = await openBoss(store);
  const name = queueName(engine);
  await boss.createQueue(name, { name, retryLimit: MOST_RETRIES });
  const send = async (sql: TransactionSql, data: JobData, priority: number): Promise<void> => {
    await boss.send(name, data, { priority, singletonKey: data.runId, db: databaseOf(sql) });
  };
  /** Under a lock: two that end at the same time decide one after the other. @param jobId ends with it; null: none */
  const advance = (sweep: QueuedSweep, { priority, jobId }: { priority: number; jobId: string | null }) =>
    store.sql.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${sweep.runs[0]?.runId ?? ""}, 0))`;
      const { runIds, pauseAfterEpoch, said } = await nextLeg(store, sweep);
      if (jobId !== null)
        await sql`update ${sql(QUEUE_SCHEMA)}.job set state = 'completed', completed_on = now() where id = ${jobId}`;
      for (const runId of await unsent(sql, runIds)) {
        await sql`update runs set status = 'queued' where run_id = ${runId} and status <> 'running'`;
        await send(sql, { runId, leg: { sweep, pauseAfterEpoch, priority } }, priority);
      }
      return said;
    });
  return {
    name,
    send: (sql, runId, priority) => send(sql, { runId }, priority),
    take: (except) => takeOne(store, name, except),
    done: async ({ jobId, leg }) => {
      if (leg !== null) return advance(leg.sweep, { priority: leg.priority, jobId });
      await boss.complete(name, jobId);
      return [];
    },
    advance: (sweep, priority) => advance(sweep, { priority, jobId: null }),
    setAside: async ({ jobId }) => boss.cancel(name, jobId),
    giveBack: async ({ jobId, run }, reason) => {
      await store.sql`update runs set status = ${run.status}, owner = null where run_id = ${run.runId} and status = 'running'`;
      await boss.fail(name, jobId, { reason });
    },
    returnLost: async () => {
      const held = await store.sql<{ id: string; status: string; owner: string | null; silent: boolean }[]>`
        select j.id, r.status, r.owner, r.heartbeat_at < now() - interval '1 minute' as silent
        from ${store.sql(QUEUE_SCHEMA)}.job j join runs r on r.run_id = (j.data->>'runId')::uuid
        where j.name = ${name} and j.state = 'active' and r.status in ('lost', 'done', 'paused', 'failed')`;
      const isGone = (owner: string | null) => owner !== null && processLives(owner) === false;
      const lost = held.filter(({ status, owner, silent }) => status === "lost" || silent || isGone(owner)); // or it died at its end
      for (const { id } of lost) await boss.fail(name, id, { reason: "its worker is gone" });
      return lost.length;
    },
    unfinished: async (except) => {
      const [row] = await store.sql<{ n: number }[]>`
        select count(*)::int as n from ${store.sql(QUEUE_SCHEMA)}.job where name = ${name}
          and (state = 'active' or state in ('created', 'retry') and id <> all(${[...except]}::uuid[]))`;
      return row?.n ?? 0;
    },
    close,
  };
}

/** Those of the runs that no job holds: none that waits, none that is under way, none that was taken out by hand. */
async function unsent(sql: TransactionSql, runIds: readonly string[]): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select u.id from unnest(${[...runIds]}::text[]) with ordinality as u(id, n) where not exists (
      select from ${sql(QUEUE_SCHEMA)}.job j
      where j.data->>'runId' = u.id and j.state in ('created', 'retry', 'active', 'cancelled')) order by n`;
  return rows.map(({ id }) => id);
}

/** Job and run in one transaction, so that whoever dies in between leaves neither behind. */
async function takeOne(store: Store, name: string, except: readonly string[]): Promise<Taken | null> {
  return store.sql.begin(async (sql) => {
    const job = await fetchJob(sql, name, except);
    if (job === undefined) return null;
    const run = await findRun({ ...store, sql: sql as unknown as Sql }, job.runId);
    await claimStored(sql, run.runId);
    return { jobId: job.id, run, retries: job.retries, leg: job.leg };
  });
}

interface FetchedJob {
  readonly id: string;
  readonly runId: string;
  readonly retries: number;
  readonly leg: Leg | null;
}

/** What boss.fetch does, which knows no exceptions. */
async function fetchJob(sql: TransactionSql, name: string, except: readonly string[]): Promise<FetchedJob | undefined> {
  const [job] = await sql<FetchedJob[]>`
    with next as (
      select id from ${sql(QUEUE_SCHEMA)}.job
      where name = ${name} and state < 'active' and start_after < now() and id <> all(${[...except]}::uuid[])
      order by priority desc, created_on, id limit 1 for update skip locked
    )
    update ${sql(QUEUE_SCHEMA)}.job j set state = 'active', started_on = now(),
      retry_count = case when started_on is not null then retry_count + 1 else retry_count end
    from next where j.name = ${name} and j.id = next.id
    returning j.id, j.data->>'runId' as "runId", j.retry_count as retries, j.data->'leg' as leg`;
  return job;
}

function queueName(engine: string): string {
  return `lockstep-${readCodeState().digest.slice(0, 16)}-${engine}`;
}

/** Its tables are made when they are not there. */
async function openBoss(store: Store): Promise<{ boss: PgBoss; close: () => Promise<void> }> {
  const { default: Boss } = await import("pg-boss");
  const boss = new Boss({ db: databaseOf(store.sql), schema: QUEUE_SCHEMA, supervise: false, schedule: false });
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
