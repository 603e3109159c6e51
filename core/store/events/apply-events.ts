// A batch of events of one run into the tables, in one transaction. Whatever is sent again changes nothing: rows have unique keys,
// and what is said of the run itself (status, best epoch) counts only when it is newer than what stands there.
import { createHash } from "node:crypto";
import type { Sql, TransactionSql } from "postgres";
import type {
  ArtifactEvent,
  BatchEvent,
  ConfusionEvent,
  EpochEvent,
  HistogramEvent,
  LogEvent,
  MetricEvent,
  PredictionsEvent,
  ProfileEvent,
  SampleArtifactsEvent,
  ScoresEvent,
} from "../../train/recorder.ts";
import { insertRunData, saveSampleArtifacts } from "../datasets.ts";
import { insertRun } from "../insert-run.ts";
import type { CreateEvent, SpoolEvent } from "../spool/spool-event.ts";
import { arrayLiteral, storableText } from "./array-literal.ts";
import { byKind, ofKind, type ByKind, type Numbered } from "./by-kind.ts";
import { insertRows, type Expected, type Target } from "./insert-rows.ts";
import { insertKernelTimes } from "./kernel-times.ts";
import { classRows, classScoresTarget, epochScoresTarget } from "./scores.ts";
import {
  batchTarget,
  confusionTarget,
  epochTarget,
  logTarget,
  momentOf,
  predictionTarget,
  type ConfusionCell,
  type PredictionRow,
} from "./targets.ts";
import { updateRun } from "./update-run.ts";

/** @returns a line for each row that is there with other values; they are also in the run's log */
export async function applyEvents(sql: Sql, runId: string, events: readonly SpoolEvent[]): Promise<string[]> {
  try {
    return await apply(sql, runId, events, "new");
  } catch (error) {
    if ((error as { code?: string }).code !== ROW_IS_THERE) throw error;
    return apply(sql, runId, events, "any"); // sent before a crash, or made again by a resumed run
  }
}

const ROW_IS_THERE = "23505";

function apply(sql: Sql, runId: string, events: readonly SpoolEvent[], expected: Expected): Promise<string[]> {
  const kinds = byKind(events);
  return sql.begin(async (transaction) => {
    for (const created of ofKind<CreateEvent>(kinds, "create")) await createRun(transaction, created);
    const found = await insertKinds(transaction, runId, kinds, expected);
    await updateRun(transaction, runId, kinds);
    await logConflicts(transaction, runId, events.at(-1)?.seq ?? 0, found);
    return found;
  });
}

/**
 * A run that is new here is its writer's, as one whose row was made at once. What it started from may have been removed meanwhile.
 */
async function createRun(sql: TransactionSql, { event: { run, data, owner } }: Numbered<CreateEvent>): Promise<void> {
  if (data) await insertRunData(sql, data);
  const isNew = await insertRun(sql, { ...run, parentRunId: await ifThere(sql, run.parentRunId ?? null) });
  if (isNew) await sql`update runs set owner = ${owner ?? null}, heartbeat_at = now() where run_id = ${run.runId}`;
}

async function ifThere(sql: TransactionSql, runId: string | null): Promise<string | null> {
  if (runId === null) return null;
  const [row] = await sql`select from runs where run_id = ${runId}`;
  return row === undefined ? null : runId;
}

/** Rows of events, without what they say of the run itself. @returns a line for each row that is there with other values */
export function insertAll(sql: TransactionSql, runId: string, events: readonly SpoolEvent[]): Promise<string[]> {
  return insertKinds(sql, runId, byKind(events), "any");
}

async function insertKinds(sql: TransactionSql, runId: string, events: ByKind, expected: Expected): Promise<string[]> {
  const insert = <Row>(target: Target<Row>, rows: readonly Row[]) => insertRows(sql, runId, target, rows, expected);
  const plain = <Event>(kind: string) => ofKind<Event>(events, kind).map(({ event }) => event);
  const logs = ofKind<LogEvent>(events, "log").map(({ seq, event }) => ({ seq, level: event.level, text: event.text }));
  const conflicts = [
    ["batches", await insert(batchTarget, plain<BatchEvent>("batch"))],
    ["epochs", await insert(epochTarget, plain<EpochEvent>("epoch"))],
    ["confusion_cells", await insert(confusionTarget, plain<ConfusionEvent>("confusion").flatMap(cells))],
    ["predictions", await insert(predictionTarget, plain<PredictionsEvent>("predictions").flatMap(rows))],
    ["epoch_scores", await insert(epochScoresTarget, plain<ScoresEvent>("scores"))],
    ["class_scores", await insert(classScoresTarget, plain<ScoresEvent>("scores").flatMap(classRows))],
    ["run_events", await insert(logTarget, logs)],
  ] as const;
  await insertMetrics(sql, runId, ofKind<MetricEvent>(events, "metric"));
  await insertHistograms(sql, runId, ofKind<HistogramEvent>(events, "histogram"));
  for (const profile of ofKind<ProfileEvent>(events, "profile")) await insertKernelTimes(sql, runId, profile);
  for (const { event, seq } of ofKind<ArtifactEvent>(events, "artifact")) await insertArtifact(sql, runId, event, seq);
  for (const { datasetDigest, files } of plain<SampleArtifactsEvent>("sample-artifacts"))
    await saveSampleArtifacts(sql, datasetDigest, files);
  return conflicts.flatMap(([table, keys]) =>
    keys.map((key) => `${table} (${key}) was recorded again with other values; the first ones stay`),
  );
}

function cells({ phase, epoch, counts }: ConfusionEvent): ConfusionCell[] {
  return counts.flatMap((row, trueClass) =>
    row.map((n, predictedClass) => ({ phase, epoch, trueClass, predictedClass, n })),
  );
}

function rows(event: PredictionsEvent): PredictionRow[] {
  return event.sampleIds.map((sampleId, position) => ({
    phase: event.phase,
    epoch: event.epoch,
    sampleId,
    position,
    label: event.labels[position]!,
    predicted: event.predicted[position]!,
    logits: event.logits[position]!,
    probabilities: event.probabilities[position]!,
  }));
}

/** The value logged last for a step counts, as in other trackers. */
async function insertMetrics(
  sql: TransactionSql,
  runId: string,
  events: readonly Numbered<MetricEvent>[],
): Promise<void> {
  if (events.length === 0) return;
  const last = lastOfStep(events);
  const column = (value: (item: Numbered<MetricEvent>) => string | number | null) => arrayLiteral(last.map(value));
  await sql`
    insert into metric_values (run_id, name, step, epoch, value, at)
    select ${runId}::uuid, u.* from unnest(
      ${column(({ event }) => event.name)}::text::text[], ${column(({ event }) => event.step)}::text::bigint[],
      ${column(({ event }) => event.epoch)}::text::int[], ${column(({ event }) => event.value)}::text::float8[],
      ${column(({ seq }) => momentOf(seq))}::text::timestamptz[]) as u
    on conflict (run_id, name, step) do update set value = excluded.value, epoch = excluded.epoch, at = excluded.at
    where excluded.at >= metric_values.at`;
}

/** One for each name, as it is stored, and step: a statement changes no row twice. */
function lastOfStep<Event extends { readonly name: string; readonly step: number }>(
  events: readonly Numbered<Event>[],
): Numbered<Event>[] {
  const byKey = new Map(events.map((item) => [`${item.event.step} ${storableText(item.event.name)}`, item]));
  return [...byKey.values()];
}

/** As metrics: the one logged last for a step counts. Lists travel as text, since unnest would flatten them. */
async function insertHistograms(
  sql: TransactionSql,
  runId: string,
  events: readonly Numbered<HistogramEvent>[],
): Promise<void> {
  if (events.length === 0) return;
  const last = lastOfStep(events);
  const column = (value: (item: Numbered<HistogramEvent>) => string | number | null) => arrayLiteral(last.map(value));
  await sql`
    insert into histograms (run_id, name, step, epoch, edges, counts, at)
    select ${runId}::uuid, u.name, u.step, u.epoch, u.edges::float8[], u.counts::float8[], u.at from unnest(
      ${column(({ event }) => event.name)}::text::text[], ${column(({ event }) => event.step)}::text::bigint[],
      ${column(({ event }) => event.epoch)}::text::int[],
      ${column(({ event }) => arrayLiteral(event.edges))}::text::text[],
      ${column(({ event }) => arrayLiteral(event.counts))}::text::text[],
      ${column(({ seq }) => momentOf(seq))}::text::timestamptz[]) as u(name, step, epoch, edges, counts, at)
    on conflict (run_id, name, step) do update
      set edges = excluded.edges, counts = excluded.counts, epoch = excluded.epoch, at = excluded.at
    where excluded.at >= histograms.at`;
}

async function insertArtifact(sql: TransactionSql, runId: string, event: ArtifactEvent, seq: number): Promise<void> {
  const step = event.step ?? null;
  const identity = [
    runId,
    event.artifactKind,
    event.name,
    event.path,
    event.sha256,
    ...(step === null ? [] : [step]),
  ].join("\n");
  const id = createHash("sha256").update(identity).digest("hex").slice(0, 32);
  await sql`
    insert into artifacts (artifact_id, run_id, kind, name, media_type, path, sha256, bytes, epoch, step, created_at)
    values (${id}, ${runId}, ${storableText(event.artifactKind)}, ${storableText(event.name)}, ${event.mediaType},
      ${storableText(event.path)}, ${event.sha256}, ${event.bytes}, ${event.epoch}, ${step}, ${momentOf(seq)})
    on conflict do nothing`;
}

/** Told once, however often the rows are sent. */
async function logConflicts(
  sql: TransactionSql,
  runId: string,
  seq: number,
  conflicts: readonly string[],
): Promise<void> {
  for (const [index, text] of conflicts.entries()) {
    await sql`
      insert into run_events (run_id, seq, at, level, text)
      select ${runId}, greatest(${seq + index}::bigint, (select max(seq) + 1 from run_events where run_id = ${runId})), now(), 'error', ${text}
      where not exists (select from run_events where run_id = ${runId} and text = ${text})`;
  }
}
