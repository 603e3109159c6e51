// A stored run of any kind as all tools can say it. Curves: train/loss and the like by training step, epoch/<phase>/… by epoch, test/… at
// the best epoch, and everything that was logged under its own name.
import { join } from "node:path";
import { flatten } from "../flatten.ts";
import { fetchArtifact } from "../store/artifacts/fetch-artifact.ts";
import type { RunRow, Store } from "../store/index.ts";
import { Curves } from "./curves.ts";
import type { ForeignRun, HistogramPoint, Point, Series } from "./foreign-run.ts";

export interface StoredForeignRun extends ForeignRun {
  readonly runId: string;
  readonly kind: string;
  readonly digest: string | null;
}

/** @param home EXP_HOME, where files lie */
export async function readStored(store: Store, run: RunRow, home: string): Promise<StoredForeignRun> {
  const { runId, project, experiment, variant, seed, name, startedAt, endedAt, tags, note, gitCommit, kind, digest } =
    run;
  const beganMs = (startedAt ?? run.createdAt).getTime();
  const batches = await batchSeries(store, runId, beganMs);
  const files = await store.sql<{ name: string; path: string; sha256: string }[]>`
    select name, path, sha256 from artifacts where run_id = ${runId} order by kind, epoch nulls last, name`;
  for (const file of files) if (!file.path.startsWith("/")) await fetchArtifact(store, home, file);
  return {
    ...{ runId, kind, digest, project, experiment, variant, seed, name, startedAt, endedAt, tags, note, gitCommit },
    status: run.status === "queued" ? "running" : (run.status as ForeignRun["status"]),
    params: paramsOf(run),
    series: [
      ...batches.series,
      ...(await epochSeries(store, run, batches.endOfEpoch)),
      ...(await loggedSeries(store, runId)),
    ],
    histograms: await readHistograms(store, runId),
    files: files.map((file) => ({
      name: file.name,
      path: file.path.startsWith("/") ? file.path : join(home, file.path),
    })),
  };
}

/** All settings, flat: "optimizer.beta1". */
function paramsOf({ config, kind, seed, variant, settingsHash }: RunRow): Record<string, string> {
  const own =
    kind === "lockstep" ? { ...(config as { settings: object }).settings, variant, seed, settingsHash } : config;
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(flatten(own).map(([key, value]) => [key, text(value)]));
}

interface BatchRow {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly lr: number | null;
  readonly durationMs: number;
}

/** When a batch ended follows from the durations before it, pauses left out. */
async function batchSeries(
  { sql }: Store,
  runId: string,
  beganMs: number,
): Promise<{ series: Series[]; endOfEpoch: ReadonlyMap<number, number> }> {
  const rows = await sql<BatchRow[]>`
    select epoch, loss, correct::float8 / nullif(n, 0) as accuracy, lr, duration_ms as "durationMs"
    from batches where run_id = ${runId} and phase = 'train' order by epoch, batch`;
  let atMs = beganMs;
  const endOfEpoch = new Map<number, number>();
  const moments = rows.map(({ epoch, durationMs }) => {
    atMs += durationMs;
    endOfEpoch.set(epoch, atMs);
    return atMs;
  });
  const series = (["loss", "accuracy", "lr"] as const).map((name) => ({
    name: `train/${name}`,
    points: rows.flatMap((row, i): Point[] => {
      const value = row[name];
      return value === null ? [] : [{ step: i + 1, epoch: row.epoch, value, atMs: moments[i]! }];
    }),
  }));
  return { series: series.filter(({ points }) => points.length > 0), endOfEpoch };
}

const EPOCH_METRICS = ["loss", "accuracy", "precision", "recall", "f1", "auc"] as const;
type EpochRow = Readonly<Record<(typeof EPOCH_METRICS)[number], number | null>> & { phase: string; epoch: number };

async function epochSeries(
  { sql }: Store,
  { runId, bestEpoch, endedAt }: RunRow,
  endOfEpoch: ReadonlyMap<number, number>,
): Promise<Series[]> {
  const rows = await sql<EpochRow[]>`
    select phase, epoch, loss, accuracy, precision, recall, f1, auc from epochs
    where run_id = ${runId} order by phase, epoch`;
  const curves = new Curves();
  for (const row of rows) {
    const test = row.phase === "test";
    const epoch = test ? (bestEpoch ?? row.epoch) : row.epoch;
    const atMs = (test ? endedAt?.getTime() : endOfEpoch.get(epoch)) ?? null;
    for (const metric of EPOCH_METRICS) {
      const value = row[metric];
      if (value === null) continue;
      const name = test ? `test/${metric}` : `epoch/${row.phase}/${metric}`;
      curves.add(name, { step: epoch, epoch, value, atMs });
    }
  }
  return curves.series;
}

async function loggedSeries({ sql }: Store, runId: string): Promise<Series[]> {
  const rows = await sql<{ name: string; step: number; epoch: number | null; value: number; at: Date }[]>`
    select name, step, epoch, value, at from metric_values where run_id = ${runId} order by name, step`;
  const curves = new Curves();
  for (const { name, step, epoch, value, at } of rows) curves.add(name, { step, epoch, value, atMs: at.getTime() });
  return curves.series;
}

async function readHistograms({ sql }: Store, runId: string): Promise<HistogramPoint[]> {
  const rows = await sql<(Omit<HistogramPoint, "atMs"> & { at: Date })[]>`
    select name, step, epoch, edges, counts, at from histograms where run_id = ${runId} order by name, step`;
  return rows.map(({ at, ...histogram }) => ({ ...histogram, atMs: at.getTime() }));
}
