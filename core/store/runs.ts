// The rows of runs: made, found by the names that people use, changed, counted as lost. What a run recorded is read in history.ts.
import { randomUUID } from "node:crypto";
import { getTableColumns } from "drizzle-orm";
import type { PendingQuery, Row, Sql } from "postgres";
import { LockstepError } from "../errors.ts";
import type { StatusEvent } from "../train/recorder.ts";
import type { Store } from "./connect.ts";
import { applyEvents } from "./events/apply-events.ts";
import { storableText } from "./events/array-literal.ts";
import { insertRun, runColumns } from "./insert-run.ts";
import type { NewRun } from "./new-run.ts";
import { processLives } from "./process-id.ts";
import { parseSeed, seedFilter } from "./seed-text.ts";
import { runs, type RunRow } from "./schema/runs.ts";

export type { NewRun } from "./new-run.ts";
export type { RunRow } from "./schema/runs.ts";

/** Makes the run's row, and its project and experiment where they are new. @returns its id, drawn unless given */
export async function createRun(
  store: Store,
  run: Omit<NewRun, "runId"> & { readonly runId?: string },
): Promise<string> {
  const runId = run.runId ?? randomUUID();
  await store.sql.begin((transaction) => insertRun(transaction, { ...run, runId }));
  return runId;
}

/** Changes some of a run's columns, such as the engine that it is resumed with. */
export async function updateRun(store: Store, runId: string, changes: Partial<NewRun>): Promise<void> {
  await store.sql`update runs set ${store.sql(runColumns(store.sql, changes))} where run_id = ${runId}`;
}

/** A status that does not go through a recorder. */
export async function setRunStatus(store: Store, runId: string, event: Omit<StatusEvent, "kind">): Promise<void> {
  const [row] = await store.sql<{ seq: number }[]>`select status_seq as seq from runs where run_id = ${runId}`;
  const seq = Math.max(Date.now() * 1000, (row?.seq ?? 0) + 1);
  await applyEvents(store.sql, runId, [{ seq, event: { kind: "status", ...event } }]);
}

/** By id, a unique prefix of one, `experiment/variant/seed` (the latest done) or `experiment@alias`. @throws LockstepError "run-not-found" */
export async function findRun(store: Store, name: string): Promise<RunRow> {
  if (name.includes("/")) return findByParts(store, name);
  return name.includes("@") ? findByAlias(store, name) : findByPrefix(store, name);
}

async function findByPrefix(store: Store, name: string): Promise<RunRow> {
  const prefix = name.toLowerCase();
  if (!/^[0-9a-f-]+$/.test(prefix)) throw notFound(`No run is named "${name}".`);
  const found = await selectRuns(
    store.sql,
    store.sql`run_id::text like ${`${prefix}%`} order by created_at desc limit 6`,
  );
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw await noSuchId(store, name);
  const names = found.slice(0, 5).map((run) => run.runId.slice(0, prefix.length + 4));
  throw new LockstepError({
    code: "run-not-found",
    message: `"${name}" is the beginning of more than one run's id: ${names.join(", ")}${found.length > 5 ? ", …" : ""}.`,
    next: "Give more of its digits.",
  });
}

async function noSuchId({ sql }: Store, name: string): Promise<LockstepError> {
  const deleted = await selectRuns(sql, sql`run_id::text like ${`${name.toLowerCase()}%`} limit 1`, { deleted: true });
  if (deleted.length === 0) return notFound(`No run has an id that begins with "${name}".`);
  const message = `Run ${name} is deleted.`;
  return new LockstepError({ code: "run-not-found", message, next: `exp delete ${name} --undo brings it back.` });
}

async function findByParts(store: Store, name: string): Promise<RunRow> {
  const parts = name.split("/");
  const position = parseSeed(parts.pop() ?? "");
  const variant = parts.pop() ?? "";
  const experiment = parts.join("/");
  if (experiment === "" || variant === "" || position === null) {
    throw notFound(`"${name}" is no run: expected experiment/variant/seed, such as frozen-backbone/slim/0.`);
  }
  const wanted = { experiment, variant, ...seedFilter(position) };
  const run = await latestDoneRun(store, wanted);
  if (run !== null) return run;
  const [other] = await listRuns(store, wanted, { limit: 1 });
  const standing =
    other === undefined ? "No run of it exists" : `The latest one (${other.runId.slice(0, 8)}) is ${other.status}`;
  throw notFound(`There is no finished run ${name}. ${standing}.`);
}

async function findByAlias(store: Store, name: string): Promise<RunRow> {
  const at = name.lastIndexOf("@");
  const [experiment, alias] = [name.slice(0, at), name.slice(at + 1)];
  const rows = await store.sql<{ id: string; alias: string }[]>`
    select run_id as id, alias from v_aliases where experiment = ${storableText(experiment)} order by set_at desc`;
  const row = rows.find((one) => one.alias === alias);
  if (row !== undefined) return findByPrefix(store, row.id);
  const others = rows.length === 0 ? "it has none" : `it has ${[...new Set(rows.map((one) => one.alias))].join(", ")}`;
  throw notFound(`Experiment "${experiment}" has no alias "${alias}": ${others}.`);
}

function notFound(message: string): LockstepError {
  return new LockstepError({ code: "run-not-found", message, next: "exp runs lists them." });
}

export interface RunFilter {
  readonly project?: string;
  readonly experiment?: string;
  readonly variant?: string;
  readonly seed?: number;
  readonly fold?: number | null;
  readonly settingsHash?: string;
  readonly datasetDigest?: string | null;
  readonly splitDigest?: string | null;
  readonly codeDigest?: string;
  readonly status?: readonly string[];
}

/** The one that ended last among the finished runs that fit. */
export async function latestDoneRun(store: Store, filter: Omit<RunFilter, "status">): Promise<RunRow | null> {
  const [run] = await listRuns(store, { ...filter, status: ["done"] }, { limit: 1 });
  return run ?? null;
}

/** Newest first. Fields of the filter that are absent fit everything; null fits null. */
export async function listRuns(
  store: Store,
  filter: RunFilter,
  { limit = 1000, archived = true } = {},
): Promise<RunRow[]> {
  const { sql } = store;
  const { status, ...equal } = filter;
  const given = Object.entries(equal).filter(([, value]) => value !== undefined);
  const conditions = given.reduce(
    (before, [key, value]) => sql`${before} and ${sql(columnOf(key))} is not distinct from ${value as string}`,
    sql`${archived ? sql`true` : sql`archived_at is null`} and ${status === undefined ? sql`true` : sql`status in ${sql(status)}`}`,
  );
  return selectRuns(sql, sql`${conditions} order by ended_at desc nulls first, created_at desc limit ${limit}`);
}

/** Runs whose process is gone: dead on this machine, or elsewhere and without a heartbeat for a minute. @returns how many */
export async function markLostRuns(store: Store): Promise<number> {
  const { sql } = store;
  const running = await sql<{ id: string; owner: string | null; silent: boolean }[]>`
    select run_id as id, owner, coalesce(heartbeat_at, created_at) < now() - interval '60 seconds' as silent
    from runs where status = 'running'`;
  const lost = running.filter(({ owner, silent }) => (owner === null ? null : processLives(owner)) === false || silent);
  if (lost.length === 0) return 0;
  const { count } = await sql`update runs set status = 'lost', ended_at = coalesce(heartbeat_at, now())
    where status = 'running' and run_id in ${sql(lost.map(({ id }) => id))}`;
  return count;
}

/** Asks the process that runs it to stop; `wasStopRequested` tells that process. @returns false where it is not running */
export async function requestStop(store: Store, runId: string): Promise<boolean> {
  const { count } = await store.sql`
    update runs set stop_requested_at = now() where run_id = ${runId} and status in ('running', 'queued')`;
  return count === 1;
}

export async function wasStopRequested(store: Store, runId: string): Promise<boolean> {
  const [row] = await store.sql`select 1 from runs where run_id = ${runId} and stop_requested_at is not null`;
  return row !== undefined;
}

const columns = Object.entries(getTableColumns(runs)).map(([key, column]) => ({ key, name: column.name }));

function columnOf(key: string): string {
  return columns.find((column) => column.key === key)?.name ?? key;
}

/** Whole rows in TypeScript's names, of runs that are not deleted, or of those that are. @param condition what follows `and`, with order and limit */
export async function selectRuns(
  sql: Sql,
  condition: PendingQuery<Row[]>,
  { deleted = false } = {},
): Promise<RunRow[]> {
  const rows = await sql`select * from runs where (deleted_at is not null) = ${deleted} and ${condition}`;
  return rows.map((row) => Object.fromEntries(columns.map(({ key, name }) => [key, row[name]])) as RunRow);
}
