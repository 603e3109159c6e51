// Which stored run, if any, a job goes on with. Every change of a row's owner is one statement, or one transaction under a lock,
// so that two `exp run` at the same time never train the same row.
import { createHash } from "node:crypto";
import type { Sql, TransactionSql } from "postgres";
import { insertRun } from "../store/insert-run.ts";
import type { NewRun } from "../store/new-run.ts";
import { ownProcess } from "../store/process-id.ts";
import type { RunStatus } from "../train/recorder.ts";

/** The newest run that does the same work: equal bits are expected of it. */
export interface EarlierRun {
  readonly runId: string;
  readonly status: RunStatus;
  readonly digest: string | null;
  readonly errorMessage: string | null;
}

/** Stored runs that are gone on with; call `markLostRuns` before, so that "running" means a living process. */
export const RESUMABLE: readonly RunStatus[] = ["interrupted", "paused", "lost"];

/** @param row what the run would be stored as @returns the newest run with the same settings, seed, data, split, code, engine and weights */
export async function findEarlier(sql: Sql | TransactionSql, row: NewRun): Promise<EarlierRun | null> {
  const [found] = await sql<EarlierRun[]>`
    select run_id as "runId", status, digest, error_message as "errorMessage" from runs
    where project = ${row.project} and experiment = ${row.experiment} and variant = ${row.variant} and seed = ${row.seed}
      and settings_hash = ${row.settingsHash} and dataset_digest = ${row.datasetDigest ?? null}
      and split_digest = ${row.splitDigest ?? null} and code_digest = ${row.codeDigest ?? null} and engine = ${row.engine ?? null}
      and provenance->>'weightsSha256' is not distinct from ${weightsOf(row)}
      and kind = 'lockstep' and deleted_at is null
    order by created_at desc limit 1`;
  return found ?? null;
}

/** A run that this process trains now; a new one is begun by its recorder, in the spool, unless its row is there. */
export interface OwnClaim {
  readonly kind: "new" | "resume";
  readonly runId: string;
}

export type SharedClaim =
  | OwnClaim
  | { readonly kind: "done"; readonly runId: string }
  /** Another process trains it now. */
  | { readonly kind: "busy"; readonly runId: string }
  | { readonly kind: "failed"; readonly earlier: EarlierRun };

/** A stored run of ours again, unless another process was quicker. */
export async function claimStored(sql: Sql | TransactionSql, runId: string): Promise<OwnClaim | null> {
  const { count } = await sql`
    update runs set status = 'running', owner = ${ownProcess()}, heartbeat_at = now(), ended_at = null, stop_requested_at = null,
      error_code = null, error_message = null
    where run_id = ${runId} and status in ('queued', 'interrupted', 'paused', 'pruned', 'lost', 'failed')`;
  return count === 1 ? { kind: "resume", runId } : null;
}

/** For a run that others start from: done, or ours to train, or another's who is at it. One at a time decides. */
export async function claimShared(sql: Sql, row: NewRun, retryFailed: boolean): Promise<SharedClaim> {
  return sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${lockOf(row)}::bigint)`;
    const earlier = await findEarlier(transaction, row);
    if (earlier?.status === "done") return { kind: "done", runId: earlier.runId };
    if (earlier?.status === "running" || earlier?.status === "queued") return { kind: "busy", runId: earlier.runId };
    if (earlier?.status === "failed" && !retryFailed) return { kind: "failed", earlier };
    const resumed = earlier === null ? null : await claimStored(transaction, earlier.runId);
    if (resumed !== null) return resumed;
    await insertOwned(transaction, row);
    return { kind: "new", runId: row.runId };
  });
}

/** A new row that waits for a worker. @param send puts it into the queue in the same transaction */
export async function insertQueued(
  sql: Sql,
  row: NewRun,
  send: (transaction: TransactionSql, runId: string) => Promise<void>,
): Promise<string> {
  await sql.begin(async (transaction) => {
    await insertRun(transaction, { ...row, status: "queued" });
    await send(transaction, row.runId);
  });
  return row.runId;
}

async function insertOwned(sql: TransactionSql, row: NewRun): Promise<void> {
  await insertRun(sql, { ...row, startedAt: new Date() });
  await sql`update runs set owner = ${ownProcess()}, heartbeat_at = now() where run_id = ${row.runId}`;
}

function weightsOf(row: NewRun): string | null {
  return (row.provenance as { weightsSha256?: string | null } | null)?.weightsSha256 ?? null;
}

/** A 63-bit number that stands for the run's identity. */
function lockOf({ experiment, variant, seed, settingsHash, datasetDigest, codeDigest }: NewRun): string {
  const text = JSON.stringify([experiment, variant, seed, settingsHash, datasetDigest, codeDigest]);
  return (createHash("sha256").update(text).digest().readBigUInt64BE() >> 1n).toString();
}
