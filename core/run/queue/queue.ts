// Runs that wait for a worker: pg-boss in the same database, over our own connection. One queue for each version of the code and each
// engine, so that a worker never takes a run that would get other bits from it. A worker that dies is noticed by its run's heartbeat,
// not by a time limit, so a run may take as long as it takes.
import type PgBoss from "pg-boss";
import type { Sql, TransactionSql } from "postgres";
import { findRun, type RunRow, type Store } from "../../store/index.ts";
import { QUEUE_SCHEMA } from "../../store/queue.ts";
import { claimStored } from "../claim.ts";
import { readCodeState } from "../code-digest.ts";

export interface Taken {
  readonly jobId: string;
  /** As it stood before; from now on it is this process's. */
  readonly run: RunRow;
  /** How often it was given back before. */
  readonly retries: number;
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
        select j.id from ${store.sql(QUEUE_SCHEMA)}.job j join runs r on r.run_id = (j.data->>'runId')::uuid
        where j.name = ${name} and j.state = 'active' and r.status = 'lost'`;
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
      select id from ${sql(QUEUE_SCHEMA)}.job
      where name = ${name} and state < 'active' and start_after < now() and id <> all(${[...except]}::uuid[])
      order by priority desc, created_on, id limit 1 for update skip locked
    )
    update ${sql(QUEUE_SCHEMA)}.job j set state = 'active', started_on = now(),
      retry_count = case when started_on is not null then retry_count + 1 else retry_count end
    from next where j.name = ${name} and j.id = next.id
    returning j.id, j.data->>'runId' as "runId", j.retry_count as retries`;
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
