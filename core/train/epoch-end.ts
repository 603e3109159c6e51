// What happens between two epochs beside our own rows: histograms of weights and gradients, and the experiment's own hook. Both look
// and record; neither changes a bit of the training.
import type { Program } from "../engine/engine.ts";
import { LockstepError } from "../errors.ts";
import type { EpochContext } from "../experiment/hooks.ts";
import type { State } from "../model/network.ts";
import { histogramOf } from "./histogram.ts";
import type { Metrics } from "./recorder.ts";
import { RunLog } from "./run-log.ts";
import type { Session } from "./session.ts";
import { gradientsOfFirstBatch } from "./train-epoch.ts";

/** Before the validation, while the session stands at the epoch's end. */
export async function recordHistograms(session: Session, program: Program, state: State): Promise<void> {
  const { hooks, network } = session.input;
  const { epoch } = session.standing;
  const asked = hooks?.histograms ?? null;
  if (asked === null || epoch % asked.everyEpochs !== 0) return;
  for (const { name } of network.parameters) recordHistogram(session, `weights/${name}`, state.get(name));
  if (!asked.gradients) return;
  const gradients = await gradientsOfFirstBatch(session, program);
  for (const [name, values] of gradients) recordHistogram(session, `gradients/${name}`, values);
}

function recordHistogram(session: Session, name: string, values: Float32Array | undefined): void {
  if (values === undefined) return;
  const { epoch } = session.standing;
  const step = epoch * session.batchesPerEpoch;
  session.input.recorder.record({ kind: "histogram", name, step, epoch, ...histogramOf(values) });
}

export interface EndedEpoch {
  readonly epoch: number;
  readonly train: EpochContext["train"];
  readonly val: Metrics;
  readonly best: boolean;
}

/** @throws LockstepError "experiment-invalid" where the hook throws; the run then ends as failed */
export async function callHook({ input, batchesPerEpoch }: Session, ended: EndedEpoch): Promise<void> {
  const hook = input.hooks?.onEpochEnd ?? null;
  if (hook === null) return;
  const { epoch } = ended;
  const log = new RunLog(input.recorder, input.checkpoints.home);
  const at = { step: epoch * batchesPerEpoch, epoch };
  const context: EpochContext = {
    ...ended,
    epochs: input.settings.epochs,
    seed: input.seed,
    log: (given: string | Readonly<Record<string, number>>, value?: number) =>
      log.numbers(typeof given === "string" ? { [given]: value as number } : given, at),
    text: (line) => log.text(line),
    histogram: (name, values) => log.histogram(name, values, at),
    image: (name, image) => log.image(name, image, at),
    table: (name, rows) => log.table(name, rows, at),
    file: (path, name) => log.file(path, { epoch, ...(name !== undefined && { name }) }),
  };
  try {
    await hook(context);
  } catch (cause) {
    const reason =
      cause instanceof Error ? `${cause.name === "Error" ? "" : `${cause.name}: `}${cause.message}` : String(cause);
    throw new LockstepError({
      code: "experiment-invalid",
      message: `onEpochEnd after epoch ${epoch}: ${reason}`,
      next: "Correct the hook in the experiment file and run it again.",
      cause,
    });
  }
}
