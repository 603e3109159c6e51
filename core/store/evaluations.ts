// Evaluations of stored runs on other labelled sets: saved whole in one transaction, so that a repeated one takes the place of the first.
import type { JSONValue } from "postgres";
import type {
  ConfusionEvent,
  EpochEvent,
  ExternalPhase,
  Metrics,
  PredictionsEvent,
  ScoresEvent,
} from "../train/recorder.ts";
import type { Store } from "./connect.ts";
import { storableJson } from "./events/array-literal.ts";
import { insertAll } from "./events/apply-events.ts";

export interface NewEvaluation {
  readonly phase: ExternalPhase;
  /** Stored already. */
  readonly datasetDigest: string;
  readonly part: string | null;
  readonly samples: number;
  /** Samples whose bytes the run was trained on. */
  readonly seenSamples: number;
  /** Class of the data set to class of the run; null: left out. */
  readonly classMap: Readonly<Record<string, string | null>>;
  readonly engine: string;
  readonly kernels: string;
  /** Of weights and predictions, 64 hex digits. */
  readonly digest: string;
  readonly events: readonly (EpochEvent | ConfusionEvent | ScoresEvent | PredictionsEvent)[];
}

/** @returns whether the same phase was stored before with every bit the same ("same"), with others ("differs"), or not at all (null) */
export async function saveEvaluation(
  store: Store,
  runId: string,
  evaluation: NewEvaluation,
): Promise<"same" | "differs" | null> {
  const { phase, datasetDigest, part, samples, seenSamples, classMap, engine, kernels, digest, events } = evaluation;
  return store.sql.begin(async (sql) => {
    const [before] = await sql<{ digest: string }[]>`
      delete from evaluations where run_id = ${runId} and phase = ${phase} returning digest`;
    for (const table of ["epochs", "confusion_cells", "epoch_scores", "class_scores", "predictions"])
      await sql`delete from ${sql(table)} where run_id = ${runId} and phase = ${phase}`;
    await sql`
      insert into evaluations (run_id, phase, dataset_digest, part, samples, seen_samples, class_map, engine, kernels, digest)
      values (${runId}, ${phase}, ${datasetDigest}, ${part}, ${samples}, ${seenSamples},
        ${sql.json(storableJson(classMap) as JSONValue)}, ${engine}, ${kernels}, ${digest})`;
    await insertAll(
      sql,
      runId,
      events.map((event, seq) => ({ seq, event })),
    );
    return before === undefined ? null : before.digest === digest ? "same" : "differs";
  });
}

export interface StoredEvaluation extends Metrics {
  readonly phase: ExternalPhase;
  /** The data set's name. */
  readonly dataset: string;
  readonly datasetDigest: string;
  readonly part: string | null;
  readonly samples: number;
  readonly seenSamples: number;
  readonly classMap: Readonly<Record<string, string | null>>;
  readonly digest: string;
  readonly evaluatedAt: Date;
}

/** Oldest first. */
export async function readEvaluations(store: Store, runId: string): Promise<StoredEvaluation[]> {
  return store.sql<StoredEvaluation[]>`
    select phase, dataset, dataset_digest as "datasetDigest", part, samples, seen_samples as "seenSamples",
      class_map as "classMap", digest, evaluated_at as "evaluatedAt", loss, accuracy, precision, recall, f1, auc
    from v_evaluations where run_id = ${runId} order by evaluated_at, phase`;
}

/** How many of these sha256 digests are those of samples in the run's train part. */
export async function countTrainedOn(
  store: Store,
  { datasetDigest, splitDigest }: { readonly datasetDigest: string | null; readonly splitDigest: string | null },
  digests: readonly string[],
): Promise<number> {
  const [row] = await store.sql<{ n: number }[]>`
    select count(*)::int as n from unnest(${digests as string[]}::text[]) as asked(sha256)
    where sha256 in (
      select s.sha256 from samples s join split_members m on m.sample_id = s.sample_id
      where s.dataset_digest = ${datasetDigest} and m.split_digest = ${splitDigest} and m.part = 'train')`;
  return row?.n ?? 0;
}
