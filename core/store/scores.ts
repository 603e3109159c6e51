// What an evaluation's predictions say beyond accuracy and the confusion matrix, read back whole.
import type { ClassMetrics, OneClass } from "../train/metrics.ts";
import type { ExternalPhase, Phase } from "../train/recorder.ts";
import type { Store } from "./connect.ts";

export interface StoredScores {
  readonly phase: Phase | ExternalPhase;
  readonly epoch: number;
  readonly scores: ClassMetrics;
}

type Over = Omit<ClassMetrics, "perClass" | "macro" | "weighted">;
type Row = Omit<StoredScores, "scores"> & Over & { readonly macro: number[]; readonly weighted: number[] };
type ClassRow = Omit<StoredScores, "scores"> & OneClass;

/** Of every evaluation of a run. */
export async function readScores(store: Pick<Store, "sql">, runId: string): Promise<StoredScores[]> {
  const rows = await store.sql<Row[]>`
    select phase, epoch, balanced_accuracy as "balancedAccuracy", matthews_correlation as "matthewsCorrelation",
      cohens_kappa as "cohensKappa", brier, expected_calibration_error as "expectedCalibrationError",
      array[macro_precision, macro_recall, macro_f1, macro_auc] as macro,
      array[weighted_precision, weighted_recall, weighted_f1, weighted_auc] as weighted
    from epoch_scores where run_id = ${runId} order by phase, epoch`;
  const classes = await store.sql<ClassRow[]>`
    select phase, epoch, support::int as support, precision, recall, f1, auc, average_precision as "averagePrecision",
      sensitivity_at_90_specificity as "sensitivityAtSpecificity"
    from v_class_metrics where run_id = ${runId} order by phase, epoch, class`;
  return rows.map(({ phase, epoch, macro, weighted, ...over }) => ({
    phase,
    epoch,
    scores: {
      ...over,
      perClass: classes.flatMap(({ phase: p, epoch: e, ...one }) => (p === phase && e === epoch ? [one] : [])),
      macro: averaged(macro),
      weighted: averaged(weighted),
    },
  }));
}

function averaged([precision = null, recall = null, f1 = null, auc = null]: readonly (number | null)[]) {
  return { precision, recall, f1, auc };
}
