// Scores of many runs on one phase, for tables.
import type { Sql } from "../sql.ts";

/** Columns of v_epochs and their titles. */
export const SCORES = [
  ["balanced_accuracy", "balanced accuracy"],
  ["macro_f1", "macro F1"],
  ["weighted_f1", "weighted F1"],
  ["macro_auc", "macro AUC"],
  ["average_precision", "average precision"],
  ["sensitivity_at_90_specificity", "recall at specificity 0.9"],
  ["matthews_correlation", "Matthews correlation"],
  ["cohens_kappa", "Cohen's kappa"],
  ["brier", "Brier score"],
  ["expected_calibration_error", "calibration error"],
] as const;

/** Null where undefined. */
export type RunScores = { readonly runId: string } & Readonly<Record<(typeof SCORES)[number][0], number | null>>;

/** @param phase "test", or an evaluation's; each has one epoch */
export async function readRunScores(sql: Sql, runIds: readonly string[], phase: string): Promise<RunScores[]> {
  const columns = SCORES.map(([column]) => column);
  return sql<RunScores[]>`
    select run_id as "runId", ${sql(columns)} from v_epochs
    where run_id = any(${runIds as string[]}::uuid[]) and phase = ${phase} and balanced_accuracy is not null`;
}
