// `exp reproduce RUN`: everything is rebuilt from what is stored, trained again, and compared line by line. Nothing is recorded but the
// verdict. Only bits decide: another machine or Node version may be named and the verdict still be "same".
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Source } from "../data/index.ts";
import { Interrupted } from "../errors.ts";
import type { Hooks } from "../experiment/hooks.ts";
import { train, type TrainResult } from "../train/trainer.ts";
import { compareCircumstances } from "./circumstances.ts";
import { loadWeights, type WeightsOrigin } from "./initial-weights.ts";
import type { Job } from "./jobs.ts";
import { rebuildJob } from "./rebuild.ts";
import type { Recorded } from "./recorded.ts";
import { Comparison } from "./comparison.ts";
import { notChecked, same, type Verdict, type VerdictLine } from "./verdict.ts";
import type { Workshop } from "./workshop.ts";

export interface ReproduceOptions {
  /** Where the images are, if elsewhere than when the run was made. */
  readonly source: Source | null;
  /** Compare so many training steps, or so many epochs; null: the whole run. */
  readonly steps: number | null;
  readonly epochs: number | null;
  /** Go on although code or data have changed, and past the first difference. */
  readonly anyway: boolean;
  /** The run's own, called as in the run; null: not called. What they log is not compared. */
  readonly hooks: Hooks | null;
}

/** Reproducing needs no database. */
type TrainingTools = Pick<Workshop, "engine" | "resampler" | "observer" | "interrupt">;

/** Lines that decide over the exit code; the others say what could explain a difference. */
const DECISIVE: ReadonlySet<string> = new Set([
  "data set",
  "split",
  "initial weights",
  "chain",
  "weights",
  "predictions",
  "metrics",
  "digest",
]);

/** "same" only where bits were compared and were equal. */
export function verdictOf(lines: readonly VerdictLine[]): Verdict {
  if (lines.some(({ what, verdict }) => verdict === "differs" && DECISIVE.has(what))) return "differs";
  return lines.find(({ what }) => what === "chain")?.verdict ?? "not checked";
}

/** @param weightsOf finds the weights that the run started from; it throws where they are not the same */
export async function reproduceRun(
  recorded: Recorded,
  options: ReproduceOptions,
  workshop: TrainingTools,
  weightsOf: () => Promise<WeightsOrigin>,
): Promise<VerdictLine[]> {
  const job = await rebuildJob(recorded, { source: options.source, watch: workshop.observer });
  const circumstances = await compareCircumstances(recorded, job, workshop.engine.identity);
  const weights = await weightsOf();
  const initial: VerdictLine = { what: "initial weights", verdict: "same", detail: weights.origin };
  const changed = circumstances.filter(({ what, verdict }) => verdict === "differs" && STOPPING.has(what));
  const before = [...circumstances, ...hooksLine(recorded, options), initial];
  if (changed.length > 0 && !options.anyway) {
    const reason = `${changed.map(({ what }) => what).join(" and ")} changed; --anyway goes on`;
    return [
      ...before,
      ...["chain", "weights", "predictions", "metrics", "digest"].map((what) => notChecked(what, reason)),
    ];
  }
  return [...before, ...(await trainAgain(recorded, job, weights, options, workshop))];
}

/** Only of runs that have a hook. It cannot change a bit, so that it decides nothing. */
function hooksLine({ config }: Recorded, { hooks }: ReproduceOptions): VerdictLine[] {
  if (config.hooks?.onEpochEnd === undefined) return [];
  const line = hooks?.onEpochEnd
    ? same("hooks", "onEpochEnd is called; what it logs is not compared")
    : notChecked("hooks", "onEpochEnd is not called, which changes no bit; a bundle's is with --trust-code");
  return [line];
}

/** What must be the same before it makes sense to train. */
const STOPPING: ReadonlySet<string> = new Set(["data set", "split", "code"]);

async function trainAgain(
  recorded: Recorded,
  job: Job,
  weights: WeightsOrigin,
  options: ReproduceOptions,
  { engine, resampler, observer, interrupt }: TrainingTools,
): Promise<VerdictLine[]> {
  const comparison = new Comparison(recorded, job, options);
  const folder = await mkdtemp(join(tmpdir(), "exp-reproduce-"));
  try {
    const { settings, seed } = job.planned;
    const prepared = await job.data.prepare(settings.storeSizePx, resampler);
    const { state } = await loadWeights({ network: job.network, settings, seed }, weights);
    const { manifest, split } = job;
    const { runId, experiment, variant, fold } = recorded.run;
    const name = { run: runId, experiment, variant, seed, fold };
    observer.runStarted({ name, index: 1, total: 1, cost: 1, costAfter: 0, resumed: false });
    const result = await untilEnough(comparison.signal, () =>
      train({
        ...{ settings, seed, network: job.network, state, engine },
        data: { manifest, split, prepared, resampler },
        positiveClass: job.sweep.plan.positiveClass,
        recorder: comparison,
        checkpoints: { folder, home: folder },
        hooks: options.hooks ?? undefined,
        signal: AbortSignal.any([interrupt.signal, comparison.signal]),
        onProgress: observer.progress,
      }),
    );
    interrupt.signal.throwIfAborted();
    return comparison.lines(result);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Null where the comparison itself ended the training. */
async function untilEnough(enough: AbortSignal, work: () => Promise<TrainResult>): Promise<TrainResult | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Interrupted && enough.aborted) return null;
    throw error;
  }
}
