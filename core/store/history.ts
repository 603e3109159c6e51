// What a run recorded, read back whole: for resume, verify and reproduce. The dashboard's reads are in queries.ts.
import type { KnownLinks } from "../train/contract.ts";
import type { ExternalPhase, Metrics, Phase } from "../train/recorder.ts";
import type { Store } from "./connect.ts";

export interface StoredBatch {
  readonly phase: Phase;
  readonly epoch: number;
  readonly batch: number;
  readonly loss: number;
  readonly correct: number;
  readonly n: number;
  readonly lr: number | null;
  readonly durationMs: number;
  readonly tp: number | null;
  readonly fp: number | null;
  readonly fn: number | null;
  readonly tn: number | null;
  /** 64 hex digits. */
  readonly chain: string;
}

/** In the order in which they were made: train and val epoch by epoch, then test. */
export async function readBatches(store: Store, runId: string): Promise<StoredBatch[]> {
  return store.sql<StoredBatch[]>`
    select phase, epoch, batch, loss, correct, n, lr, duration_ms as "durationMs", tp, fp, fn, tn, encode(chain, 'hex') as chain
    from batches where run_id = ${runId}
    order by phase = 'test', epoch, phase = 'val', batch`;
}

/** What an earlier attempt stored of a batch, for the trainer to compare with. */
export async function readKnownLinks(store: Store, runId: string): Promise<KnownLinks> {
  const batches = await readBatches(store, runId);
  const byPosition = new Map(batches.map((stored) => [`${stored.phase} ${stored.epoch} ${stored.batch}`, stored]));
  return (phase, epoch, batch) => byPosition.get(`${phase} ${epoch} ${batch}`) ?? null;
}

export interface StoredEpoch extends Metrics {
  readonly phase: Phase;
  readonly epoch: number;
  /** Of the last step of a training epoch. */
  readonly lr: number | null;
  readonly stateDigest: string | null;
}

/** Of the training itself; evaluations on other data sets are read in evaluations.ts. */
export async function readEpochs(store: Store, runId: string): Promise<StoredEpoch[]> {
  return store.sql<StoredEpoch[]>`
    select phase, epoch, loss, accuracy, precision, recall, f1, auc, lr, state_digest as "stateDigest"
    from epochs where run_id = ${runId} and phase in ('train', 'val', 'test') order by phase = 'test', epoch, phase = 'val'`;
}

export interface StoredPrediction {
  readonly sampleId: string;
  readonly label: number;
  readonly predicted: number;
  /** float32, the engine's own bits. */
  readonly logits: readonly number[];
  readonly probabilities: readonly number[];
}

/** In the order of evaluation. @param epoch of val; the test phase has one epoch */
export async function readPredictions(
  store: Store,
  runId: string,
  phase: Phase | ExternalPhase,
  epoch: number | null = null,
): Promise<StoredPrediction[]> {
  const rows = await store.sql<StoredPrediction[]>`
    select sample_id as "sampleId", label, predicted, logits, probabilities from predictions
    where run_id = ${runId} and phase = ${phase} and (${epoch}::int is null or epoch = ${epoch}) order by epoch, position`;
  return rows.map((row) => ({ ...row, logits: row.logits.map(Math.fround) }));
}

/** counts[true class][predicted class], or null where none is stored. */
export async function readConfusion(
  store: Store,
  runId: string,
  phase: Phase | ExternalPhase,
  epoch: number | null = null,
): Promise<number[][] | null> {
  const cells = await store.sql<{ t: number; p: number; n: number }[]>`
    select true_class as t, predicted_class as p, n from confusion_cells
    where run_id = ${runId} and phase = ${phase} and (${epoch}::int is null or epoch = ${epoch})`;
  if (cells.length === 0) return null;
  const classes = 1 + Math.max(...cells.map(({ t, p }) => Math.max(t, p)));
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { t, p, n } of cells) counts[t]![p] = n;
  return counts;
}

export interface StoredArtifact {
  readonly artifactId: string;
  readonly kind: string;
  readonly name: string;
  readonly mediaType: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly epoch: number | null;
}

/** Newest last. */
export async function readArtifacts(store: Store, runId: string): Promise<StoredArtifact[]> {
  return store.sql<StoredArtifact[]>`
    select artifact_id as "artifactId", kind, name, media_type as "mediaType", path, sha256, bytes, epoch
    from artifacts where run_id = ${runId} order by created_at, artifact_id`;
}

export interface StoredWarning {
  readonly at: Date;
  readonly text: string;
}

/** What the run's log warns of, oldest first, such as a change of engine; at most `limit`. */
export async function readWarnings(store: Store, runId: string, limit = 20): Promise<StoredWarning[]> {
  return store.sql<StoredWarning[]>`
    select at, text from run_events where run_id = ${runId} and level = 'warning' order by seq limit ${limit}`;
}

/** What `exp verify` and `exp reproduce` found; kept with the run. */
export async function saveVerdict(
  store: Store,
  runId: string,
  { kind, verdict, details }: { readonly kind: string; readonly verdict: string; readonly details: unknown },
): Promise<void> {
  const { sql } = store;
  await sql`
    insert into verdicts (run_id, seq, kind, verdict, details)
    select ${runId}, coalesce(max(seq), 0) + 1, ${kind}, ${verdict}, ${sql.json(details as never)} from verdicts where run_id = ${runId}`;
}
