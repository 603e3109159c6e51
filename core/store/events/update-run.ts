// What events say of the run itself: its status, best epoch and test scores. It counts only when it is newer than what stands there.
import type { TransactionSql } from "postgres";
import type { BestEvent, EpochEvent, StatusEvent } from "../../train/recorder.ts";
import { storableText } from "./array-literal.ts";
import { ofKind, type ByKind, type Numbered } from "./by-kind.ts";
import { momentOf } from "./targets.ts";

export async function updateRun(sql: TransactionSql, runId: string, events: ByKind): Promise<void> {
  const best = ofKind<BestEvent>(events, "best").at(-1);
  if (best !== undefined) {
    await sql`update runs set best_epoch = ${best.event.epoch}, val_loss = ${best.event.valLoss}, best_seq = ${best.seq}
      where run_id = ${runId} and best_seq < ${best.seq}`;
  }
  const test = ofKind<EpochEvent>(events, "epoch").filter(({ event }) => event.phase === "test");
  for (const { event } of test) {
    const { loss, accuracy, precision, recall, f1, auc } = event.metrics;
    await sql`update runs set test_loss = ${loss}, test_accuracy = ${accuracy}, test_precision = ${precision},
      test_recall = ${recall}, test_f1 = ${f1}, test_auc = ${auc} where run_id = ${runId}`;
  }
  for (const status of ofKind<StatusEvent>(events, "status")) await updateStatus(sql, runId, status);
}

/** One status of a run, unless a newer one stands there. A request to stop may have come before the news that it runs. */
async function updateStatus(sql: TransactionSql, runId: string, { seq, event }: Numbered<StatusEvent>): Promise<void> {
  const at = momentOf(seq);
  const running = event.status === "running";
  const ended = !running && event.status !== "queued";
  await sql`
    update runs set status = ${event.status}, status_seq = ${seq},
      started_at = case when ${running} then coalesce(started_at, ${at}::timestamptz) else started_at end,
      ended_at = case when ${ended} then ${at}::timestamptz end,
      stop_requested_at = case when ${running} then stop_requested_at end,
      digest = coalesce(${event.digest}, digest),
      error_code = ${event.error?.code ?? null},
      error_message = ${event.error === null ? null : storableText(event.error.message)}
    where run_id = ${runId} and status_seq < ${seq}`;
}
