// A recorder that stores nothing and compares: each event of a training against what an earlier one recorded.
import { Interrupted } from "../errors.ts";
import type { StoredBatch } from "../store/index.ts";
import type { TrainResult } from "../train/trainer.ts";
import type { BatchEvent, EpochEvent, Recorder, RunEvent } from "../train/recorder.ts";
import type { Job } from "./jobs.ts";
import type { Recorded } from "./recorded.ts";
import type { ReproduceOptions } from "./reproduce.ts";
import { sampleOrder } from "./sample-order.ts";
import { judged, notChecked, same, type VerdictLine } from "./verdict.ts";

export class Comparison implements Recorder {
  readonly runId: string;
  /** Fires when enough has been compared. */
  readonly signal: AbortSignal;
  private readonly recorded: Recorded;
  private readonly limits: Pick<ReproduceOptions, "steps" | "epochs" | "anyway">;
  private readonly stored: ReadonlyMap<string, StoredBatch>;
  private readonly samplesOf: ReturnType<typeof sampleOrder>;
  private readonly enough = new AbortController();
  private readonly findings = { chain: [] as string[], weights: [] as string[] };
  private batches = 0;
  private steps = 0;
  private states = 0;

  constructor(recorded: Recorded, job: Job, limits: Pick<ReproduceOptions, "steps" | "epochs" | "anyway">) {
    this.runId = recorded.run.runId;
    this.signal = this.enough.signal;
    this.recorded = recorded;
    this.limits = limits;
    this.stored = new Map(recorded.batches.map((row) => [keyOf(row), row]));
    const { manifest, split } = job;
    this.samplesOf = sampleOrder({
      manifest,
      split,
      seed: recorded.run.seed,
      batchSize: recorded.config.settings.batchSize,
    });
  }

  record(event: RunEvent): void {
    if (event.kind === "batch") this.compareBatch(event);
    else if (event.kind === "epoch") this.compareEpoch(event);
  }

  async flush(): Promise<{ readonly stored: boolean }> {
    return { stored: false };
  }

  async close(): Promise<void> {}

  private compareBatch(event: BatchEvent): void {
    const stored = this.stored.get(keyOf(event));
    if (stored === undefined) this.differs("chain", `${placeOf(event)}: not stored`);
    else if (stored.chain !== event.chain) this.differs("chain", this.batchFinding(event, stored));
    this.batches++;
    if (event.phase === "train" && ++this.steps === this.limits.steps) this.stop();
  }

  private batchFinding(event: BatchEvent, stored: StoredBatch): string {
    const samples = this.samplesOf(event.phase, event.epoch, event.batch).join(", ");
    return `${placeOf(event)}: loss ${event.loss} (${event.correct} correct), stored ${stored.loss} (${stored.correct} correct); samples ${samples}`;
  }

  private compareEpoch({ phase, epoch, stateDigest }: EpochEvent): void {
    if (phase === "train") {
      const stored = this.recorded.epochs.find((row) => row.phase === "train" && row.epoch === epoch);
      this.states++;
      if (stored?.stateDigest !== stateDigest)
        this.differs("weights", `after epoch ${epoch}: state ${stateDigest}, stored ${stored?.stateDigest ?? "none"}`);
    }
    if (phase === "val" && epoch === this.limits.epochs) this.stop();
  }

  private differs(what: "chain" | "weights", finding: string): void {
    this.findings[what].push(finding);
    if (!this.limits.anyway) this.stop();
  }

  private stop(): void {
    this.enough.abort(new Interrupted("enough was compared"));
  }

  /** @param result null where the comparison ended the training */
  lines(result: TrainResult | null): VerdictLine[] {
    const { chain, weights } = this.findings;
    const of = `${this.batches} of ${this.recorded.batches.length} batches`;
    return [
      chain.length > 0 ? judged("chain", [`first differing batch: ${chain[0]}`]) : same("chain", of),
      this.states === 0 && weights.length === 0
        ? notChecked("weights", "no epoch was finished")
        : this.weightsLine(weights),
      ...(result === null ? this.unfinished() : this.endLines(result)),
    ];
  }

  private weightsLine(findings: readonly string[]): VerdictLine {
    return findings.length > 0 ? judged("weights", findings, 1) : same("weights", `${this.states} states`);
  }

  private unfinished(): VerdictLine[] {
    const reason =
      this.findings.chain.length + this.findings.weights.length > 0
        ? "stopped at the first difference; --anyway goes on"
        : "stopped before the test";
    return ["predictions", "metrics", "digest"].map((what) => notChecked(what, reason));
  }

  private endLines({ digest, test }: TrainResult): VerdictLine[] {
    const { run, testPredictions, epochs } = this.recorded;
    if (run.status !== "done")
      return ["predictions", "metrics", "digest"].map((what) => notChecked(what, `the run is ${run.status}`));
    const differing = testPredictions.filter(({ sampleId, logits }, i) => {
      const now = test.predictions.logits[i] ?? [];
      return (
        test.predictions.sampleIds[i] !== sampleId ||
        now.length !== logits.length ||
        !now.every((x, k) => Object.is(x, logits[k]))
      );
    });
    const stored = epochs.find(({ phase }) => phase === "test");
    const metrics = (["loss", "accuracy", "precision", "recall", "f1", "auc"] as const).flatMap((name) =>
      test.metrics[name] === stored?.[name] ? [] : [`${name} ${test.metrics[name]}, stored ${stored?.[name]}`],
    );
    const ids = differing.map(({ sampleId }) => sampleId);
    return [
      judged(
        "predictions",
        ids.length === 0 ? [] : [`${ids.length} of ${testPredictions.length} differ, first ${ids[0]}`],
      ),
      judged("metrics", metrics),
      digest === run.digest ? same("digest", digest) : judged("digest", [`${digest}, stored ${run.digest}`]),
    ];
  }
}

function keyOf({ phase, epoch, batch }: Pick<BatchEvent, "phase" | "epoch" | "batch">): string {
  return `${phase} ${epoch} ${batch}`;
}

function placeOf({ phase, epoch, batch }: BatchEvent): string {
  return `${phase} epoch ${epoch}, batch ${batch}`;
}
