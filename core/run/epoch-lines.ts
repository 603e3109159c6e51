// A line for each epoch, shown and kept with the run's console output: "epoch 3/10: train loss 0.5123, accuracy 0.750 | val loss …".
import type { EpochEvent, Recorder, RunEvent } from "../train/recorder.ts";

/** The same recorder, which also hands on a line after each validation and after the test, and where the training ended early. */
export function withEpochLines(recorder: Recorder, epochs: number, onLine: (text: string) => void): Recorder {
  let trained: EpochEvent | null = null;
  const record = (event: RunEvent): void => {
    recorder.record(event);
    if (event.kind !== "epoch") return;
    if (event.phase === "train") trained = event;
    if (event.phase === "val") onLine(epochLine(trained, event, epochs));
    if (event.phase !== "test") return;
    if (trained !== null && trained.epoch < epochs) onLine(`stopped early after epoch ${trained.epoch} of ${epochs}`);
    onLine(testLine(event));
  };
  return { runId: recorder.runId, record, flush: () => recorder.flush(), close: () => recorder.close() };
}

/** @param trained null where the epoch was trained by an earlier process */
function epochLine(trained: EpochEvent | null, val: EpochEvent, epochs: number): string {
  const train = trained === null ? "" : `train ${outcome(trained)}, ${trained.imagesPerSecond.toFixed(0)} images/s | `;
  return `epoch ${val.epoch}/${epochs}: ${train}val ${outcome(val)}`;
}

function testLine(test: EpochEvent): string {
  const { precision, recall, f1, auc } = test.metrics;
  const rest = Object.entries({ precision, recall, F1: f1, AUC: auc }).map(
    ([name, value]) => `${name} ${value?.toFixed(3) ?? "undefined"}`,
  );
  return `test of the best epoch: ${outcome(test)}, ${rest.join(", ")}`;
}

function outcome({ metrics: { loss, accuracy } }: EpochEvent): string {
  return `loss ${loss.toFixed(4)}, accuracy ${accuracy.toFixed(3)}`;
}
