// Evaluations of runs on other labelled sets (`exp evaluate`), each a phase beside the run's own test.
import type { Metrics } from "../../core/train/recorder.ts";
import type { Sql } from "../sql.ts";
import type { RunDetail } from "./runs.ts";

export interface EvaluationRow extends Metrics {
  readonly runId: string;
  readonly phase: string;
  /** Name of the data set. */
  readonly dataset: string;
  readonly datasetDigest: string;
  readonly samples: number;
  /** Samples that the run was trained on. */
  readonly seenSamples: number;
  /** Of weights and predictions. */
  readonly digest: string;
}

/** Newest last. */
export async function readEvaluations(sql: Sql, runIds: readonly string[]): Promise<EvaluationRow[]> {
  return sql<EvaluationRow[]>`
    select run_id as "runId", phase, dataset, dataset_digest as "datasetDigest", samples, seen_samples as "seenSamples",
      loss, accuracy, precision, recall, f1, auc, digest
    from v_evaluations where run_id = any(${runIds as string[]}::uuid[]) order by evaluated_at, phase`;
}

/** The run with an evaluation's numbers in place of its test's, so that whatever compares tests compares these; absent: undefined numbers. */
export function asEvaluated(run: RunDetail, evaluation: EvaluationRow | undefined): RunDetail {
  return {
    ...run,
    datasetDigest: evaluation?.datasetDigest ?? null,
    digest: evaluation?.digest ?? null,
    testSamples: evaluation?.samples ?? null,
    testLoss: evaluation?.loss ?? null,
    testAccuracy: evaluation?.accuracy ?? null,
    testPrecision: evaluation?.precision ?? null,
    testRecall: evaluation?.recall ?? null,
    testF1: evaluation?.f1 ?? null,
    testAuc: evaluation?.auc ?? null,
  };
}
