// An imported run into the database: one row of kind "imported" whose id follows from where it came from, and its values by their unique
// keys. Importing again adds what is new and nothing else.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { LockstepError } from "../errors.ts";
import { hashOf } from "../experiment/index.ts";
import { mediaTypeOf } from "../train/kept-files.ts";
import type { RunEvent } from "../train/recorder.ts";
import type { Store } from "../store/index.ts";
import { applyEvents } from "../store/events/apply-events.ts";
import { storableJson } from "../store/events/array-literal.ts";
import { insertRun } from "../store/insert-run.ts";
import type { FileReference, ImportedRun } from "./foreign-run.ts";

export interface StoredImport {
  readonly runId: string;
  readonly isNew: boolean;
  /** Values, histograms and files that were not there before. */
  readonly added: number;
}

const EVENTS_AT_ONCE = 20_000;

export async function storeImported(store: Store, run: ImportedRun): Promise<StoredImport> {
  checkMetricNames(run);
  const runId = idOf(run);
  const isNew = await store.sql.begin((sql) => insertRun(sql, rowOf(run, runId)));
  if (!isNew) await updateEnd(store, runId, run);
  const before = await countValues(store, runId);
  const events = eventsOf(run);
  for (let at = 0; at < events.length; at += EVENTS_AT_ONCE)
    await applyEvents(store.sql, runId, events.slice(at, at + EVENTS_AT_ONCE));
  return { runId, isNew, added: (await countValues(store, runId)) - before };
}

const LONGEST_NAME = 500;

/** Names are keys, and Postgres' indexes hold no longer ones. @throws LockstepError "data-invalid" */
function checkMetricNames({ series, histograms, files, origin }: ImportedRun): void {
  const long = [...series, ...histograms, ...files].find(({ name }) => name.length > LONGEST_NAME)?.name;
  if (long === undefined) return;
  throw new LockstepError({
    code: "data-invalid",
    message: `${origin.path}: the name "${long.slice(0, 60)}…" has ${long.length} characters, expected at most ${LONGEST_NAME}.`,
    next: "Shorten it there, then import again.",
  });
}

/** A uuid (version 8: of our own making) out of the tool and what names the run in it. */
function idOf({ origin }: ImportedRun): string {
  const hex = createHash("sha256").update(`${origin.tool}\n${origin.identity}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function rowOf(run: ImportedRun, runId: string): Parameters<typeof insertRun>[1] {
  const { project, experiment, variant, seed, name, startedAt, endedAt, params, tags, note, gitCommit, origin } = run;
  const lr = Number(params["lr"] ?? params["learning_rate"] ?? NaN);
  return {
    ...{ runId, project, experiment, variant, seed, name, startedAt, endedAt, note, gitCommit },
    kind: "imported",
    status: endedStatus(run),
    config: params,
    settingsHash: hashOf(storableJson(params)),
    lr: Number.isFinite(lr) ? lr : null,
    tags: [...tags],
    provenance: { imported: origin },
    ...(startedAt !== null && { createdAt: startedAt }),
  };
}

/** Here nothing goes on with it. */
function endedStatus({ status }: ImportedRun): ImportedRun["status"] {
  return status === "running" ? "lost" : status;
}

async function updateEnd({ sql }: Store, runId: string, run: ImportedRun): Promise<void> {
  await sql`update runs set status = ${endedStatus(run)}, ended_at = ${run.endedAt} where run_id = ${runId} and kind = 'imported'`;
}

async function countValues({ sql }: Store, runId: string): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select (select count(*) from metric_values where run_id = ${runId}) + (select count(*) from histograms where run_id = ${runId})
      + (select count(*) from artifacts where run_id = ${runId}) as n`;
  return row?.n ?? 0;
}

interface NumberedEvent {
  readonly seq: number;
  readonly event: RunEvent;
}

/** `seq` is the moment in microseconds, which is where the rows' times come from. */
function eventsOf({ series, histograms, files, startedAt }: ImportedRun): NumberedEvent[] {
  const seq = (atMs: number | null): number => Math.round(1000 * (atMs ?? startedAt?.getTime() ?? 0));
  const metrics = series.flatMap(({ name, points }) =>
    points.map(({ step, epoch, value, atMs }): NumberedEvent => ({
      seq: seq(atMs),
      event: { kind: "metric", name, step, epoch, value },
    })),
  );
  const spread = histograms.map(({ atMs, ...histogram }): NumberedEvent => ({
    seq: seq(atMs),
    event: { kind: "histogram", ...histogram },
  }));
  return [
    ...metrics,
    ...spread,
    ...files.filter(({ path }) => existsSync(path)).map((file) => ({ seq: seq(null), event: reference(file) })),
  ];
}

/** The file stays where it is. */
function reference({ name, path }: FileReference): RunEvent {
  const bytes = readFileSync(path);
  return {
    kind: "artifact",
    artifactKind: "reference",
    name,
    path,
    mediaType: mediaTypeOf(extname(path)),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
    epoch: null,
  };
}
