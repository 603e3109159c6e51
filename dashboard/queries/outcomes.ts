// What runs said of their samples: confusion matrices and single predictions with their thumbnails.
import { OVERLAY_KIND } from "../../core/store/overlays.ts";
import { matrixOf, type Counts } from "../confusion.ts";
import type { Sql } from "../sql.ts";

/** matrices[phase][epoch] */
export type Matrices = Record<string, Record<number, Counts>>;

export async function readConfusions(sql: Sql, runId: string, classCount: number): Promise<Matrices> {
  const rows = await sql<{ phase: string; epoch: number; t: number[]; p: number[]; n: number[] }[]>`
    select phase, epoch, array_agg(true_class) as t, array_agg(predicted_class) as p, array_agg(n) as n
    from confusion_cells where run_id = ${runId} group by phase, epoch order by phase, epoch`;
  const matrices: Matrices = {};
  for (const { phase, epoch, t, p, n } of rows) {
    const cells = n.map((count, i) => ({ trueClass: t[i] as number, predictedClass: p[i] as number, n: count }));
    (matrices[phase] ??= {})[epoch] = matrixOf(cells, classCount);
  }
  return matrices;
}

export interface SamplePrediction {
  readonly sampleId: string;
  readonly label: number;
  readonly predicted: number;
  /** One a class. */
  readonly probabilities: readonly number[];
  /** Artifact id of its thumbnail. */
  readonly thumbnail: string | null;
}

/** Predictions of one phase in its last epoch, in order of evaluation. */
export async function readPredictions(sql: Sql, runId: string, phase: string): Promise<SamplePrediction[]> {
  return sql<SamplePrediction[]>`
    select p.sample_id as "sampleId", p.label, p.predicted, p.probabilities, a.artifact_id as thumbnail
    from predictions p
    join runs r using (run_id)
    left join evaluations v on v.run_id = p.run_id and v.phase = p.phase
    left join artifacts a on a.dataset_digest = coalesce(v.dataset_digest, r.dataset_digest) and a.sample_id = p.sample_id and a.kind = 'thumbnail'
    where p.run_id = ${runId} and p.phase = ${phase}
      and p.epoch = (select max(epoch) from predictions where run_id = ${runId} and phase = ${phase})
    order by p.position`;
}

/** Artifact ids of Grad-CAM overlays (`exp explain`) by sample. */
export async function readOverlays(sql: Sql, runId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ name: string; id: string }[]>`
    select name, artifact_id as id from artifacts where run_id = ${runId} and kind = ${OVERLAY_KIND}`;
  return new Map(rows.map(({ name, id }) => [name, id]));
}

/** Phases that have predictions. */
export async function predictionPhases(sql: Sql, runId: string): Promise<string[]> {
  const rows = await sql<{ phase: string }[]>`
    select distinct phase from predictions where run_id = ${runId} order by phase`;
  return rows.map((row) => row.phase);
}
