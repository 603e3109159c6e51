// Curves: of one run by batch and by epoch, of many runs in one metric, and what is new since a position.
import type { Sql } from "../sql.ts";
import { LockstepError } from "../../core/errors.ts";
import type { Metrics } from "../../core/train/recorder.ts";

export interface BatchPoint {
  readonly phase: string;
  readonly epoch: number;
  readonly batch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly lr: number | null;
  readonly imagesPerSecond: number;
  /** Since the run's first batch, pauses left out. */
  readonly seconds: number;
}

export interface EpochPoint extends Metrics {
  readonly phase: string;
  readonly epoch: number;
  readonly lr: number | null;
  readonly imagesPerSecond: number;
}

/** A train batch of a run. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
  /** Since the run's first batch. */
  readonly seconds: number;
}

export const BEGINNING: Position = { epoch: 0, batch: 0, seconds: 0 };

export function isAfter(a: Position, b: Position): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.batch > b.batch);
}

export interface NewRows {
  readonly after: Position;
  readonly batches: readonly BatchPoint[];
  readonly epochs: readonly EpochPoint[];
}

/** Columns by phase: { train: { epoch: [1, …], loss: […], … } } */
export type ColumnsByPhase = Record<string, Record<string, (number | null)[]>>;

/** At most so many points a curve; more are averaged in equal groups of neighbouring batches. */
const MOST_POINTS = 4000;

export async function runCurves(sql: Sql, runId: string): Promise<{ batches: ColumnsByPhase; epochs: ColumnsByPhase }> {
  const { batches, epochs } = await newRows(sql, runId, BEGINNING);
  return { batches: asColumns(thin(batches)), epochs: asColumns(epochs) };
}

/** Train batches after a position, of which alone rows are read, and its epoch and those since. */
export async function newRows(sql: Sql, runId: string, after: Position): Promise<NewRows> {
  const [batches, epochs] = await Promise.all([
    sql<BatchPoint[]>`
      select phase, epoch, batch, loss, correct::float8 / nullif(n, 0) as accuracy, lr,
        n * 1000.0 / nullif(duration_ms, 0) as "imagesPerSecond",
        ${after.seconds}::float8 + sum(duration_ms) over (order by epoch, batch) / 1000 as seconds
      from batches where run_id = ${runId} and phase = 'train' and (epoch, batch) > (${after.epoch}, ${after.batch})
      order by epoch, batch`,
    sql<EpochPoint[]>`
      select phase, epoch, loss, accuracy, precision, recall, f1, auc, lr, images_per_second as "imagesPerSecond"
      from epochs where run_id = ${runId} and epoch >= ${after.epoch} order by phase, epoch`,
  ]);
  return { after, batches, epochs };
}

export async function hasBatches(sql: Sql, runId: string): Promise<boolean> {
  const rows = await sql`select from batches where run_id = ${runId} limit 1`;
  return rows.length > 0;
}

function asColumns(rows: readonly (BatchPoint | EpochPoint)[]): ColumnsByPhase {
  const phases: ColumnsByPhase = {};
  for (const { phase, ...values } of rows) {
    const columns = (phases[phase] ??= {});
    for (const [name, value] of Object.entries(values)) (columns[name] ??= []).push(value);
  }
  return phases;
}

function thin(points: readonly BatchPoint[]): BatchPoint[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size);
    const mean = (key: "loss" | "accuracy" | "imagesPerSecond") =>
      group.reduce((sum, point) => sum + point[key], 0) / group.length;
    const last = group.at(-1) as BatchPoint;
    return { ...last, loss: mean("loss"), accuracy: mean("accuracy"), imagesPerSecond: mean("imagesPerSecond") };
  });
}

export const CURVE_METRICS = ["loss", "accuracy", "precision", "recall", "f1", "auc", "lr"] as const;

export interface CurveQuery {
  readonly runIds: readonly string[];
  readonly phase: string;
  readonly metric: string;
  readonly by: string;
}

export interface Curve {
  readonly run: string;
  /** Epochs, or batches since the start. */
  readonly x: number[];
  readonly y: (number | null)[];
}

/** Points of a batch curve in a comparison of many runs. */
const COMPARED_POINTS = 300;
/** Of all curves together. */
const MOST_COMPARED_POINTS = 20_000;

/** @throws LockstepError "usage" for an unknown metric */
export async function manyCurves(sql: Sql, { runIds, phase, metric, by }: CurveQuery): Promise<Curve[]> {
  const known = by === "batch" ? ["loss", "accuracy", "lr"] : CURVE_METRICS;
  if (!(known as readonly string[]).includes(metric))
    throw new LockstepError({
      code: "usage",
      message: `curves: no metric "${metric}" by ${by}`,
      next: `Choose from: ${known.join(", ")}.`,
    });
  return by === "batch" ? batchCurvesInTwo(sql, runIds, metric) : epochCurves(sql, runIds, phase, metric);
}

async function epochCurves(sql: Sql, runIds: readonly string[], phase: string, metric: string): Promise<Curve[]> {
  return sql<Curve[]>`
    select run_id as run, array_agg(epoch order by epoch) as x, array_agg(${sql(metric)} order by epoch) as y
    from epochs where run_id = any(${runIds as string[]}::uuid[]) and phase = ${phase} group by run_id`;
}

/** Half of the runs each over two connections: the server gives one statement of this kind no more than one core. */
async function batchCurvesInTwo(sql: Sql, runIds: readonly string[], metric: string): Promise<Curve[]> {
  const points = Math.floor(MOST_COMPARED_POINTS / Math.max(1, runIds.length));
  const each = Math.max(40, Math.min(COMPARED_POINTS, points));
  const middle = runIds.length >> 1;
  const halves = [runIds.slice(0, middle), runIds.slice(middle)].filter((half) => half.length > 0);
  return (await Promise.all(halves.map((half) => batchCurves(sql, half, metric, each)))).flat();
}

/**
 * Every k-th batch, found by its primary key: of a million rows only those are read that are drawn. A mean over each k would read all
 * of them, at 500 runs twenty times as long; what a batch's loss is in between, the run's own page shows.
 */
async function batchCurves(sql: Sql, runIds: readonly string[], metric: string, points: number): Promise<Curve[]> {
  const value = metric === "accuracy" ? sql`correct::float8 / nullif(n, 0)` : sql`${sql(metric)}`;
  return sql<Curve[]>`
    with known as (
      select run_id, coalesce(ceil(train_samples::float8 / batch_size)::int,
        (select max(batch) from batches b where b.run_id = runs.run_id and phase = 'train' and epoch = 1)) as per,
        coalesce(epochs, 1) as epochs
      from runs where run_id = any(${runIds as string[]}::uuid[])
    ), sized as (
      select run_id, per, per * epochs as total, greatest(1, ceil(per * epochs::float8 / ${points}))::int as every from known
    ), drawn as (
      select run_id, per, least(x, total) as x from sized, generate_series(every, total + every - 1, every) x
    )
    select run_id as run, array_agg(x order by x) as x, array_agg(found.y order by x) as y
    from drawn cross join lateral (
      select ${value} as y from batches b
      where b.run_id = drawn.run_id and phase = 'train' and epoch = (x - 1) / per + 1 and batch = (x - 1) % per + 1
      limit 1
    ) found group by run_id`;
}
