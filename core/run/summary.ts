// How a run ended, from the training itself or from the database; the names are those of `exp run --json`.
import { readConfusion, type Store } from "../store/index.ts";
import type { NewRun } from "../store/new-run.ts";
import type { TrainResult } from "../train/contract.ts";
import type { Metrics, RunStatus } from "../train/recorder.ts";
import type { RunName, RunSummary } from "./observer.ts";

export function nameOf({ experiment, variant, seed, fold = null }: NewRun, run: string): RunName {
  return { run, experiment, variant, seed, fold };
}

export function summaryOf(name: RunName, { digest, test }: TrainResult): RunSummary {
  return { ...name, status: "done", digest, test: { ...test.metrics, confusion: test.confusion } };
}

export function unfinished(name: RunName, status: RunStatus): RunSummary {
  return { ...name, status, digest: null, test: null };
}

type Row = Metrics & { readonly status: RunStatus; readonly digest: string | null };

export async function readSummary(store: Store, name: RunName): Promise<RunSummary> {
  const [row] = await store.sql<Row[]>`
    select status, digest, test_loss as loss, test_accuracy as accuracy, test_precision as precision, test_recall as recall,
      test_f1 as f1, test_auc as auc
    from runs where run_id = ${name.run}`;
  const confusion = await readConfusion(store, name.run, "test");
  if (row === undefined || confusion === null) return unfinished(name, row?.status ?? "lost");
  const { status, digest, ...metrics } = row;
  return { ...name, status, digest, test: { ...metrics, confusion } };
}
