// The validation after an epoch, and what follows from it: the best epoch so far, and that the epoch is done. Where a moving average
// of the weights is kept, it is what is validated, and what a best epoch's file holds.
import type { Program } from "../engine/engine.ts";
import { averageName } from "../engine/optimizer-slots.ts";
import type { Network, State } from "../model/network.ts";
import { stateLink } from "./chain.ts";
import { bestFile } from "./checkpoint-folder.ts";
import { evaluateInRun } from "./evaluation-events.ts";
import type { Metrics } from "./recorder.ts";
import type { Session } from "./session.ts";
import { NO_SUMS, type Best, type Standing } from "./standing.ts";

export interface TrainedEpoch {
  readonly program: Program;
  /** The program's, after the epoch. */
  readonly state: State;
  readonly stateDigest: string;
}

export interface Validated {
  readonly val: Metrics;
  /** Whether it is the lowest validation loss so far. */
  readonly best: boolean;
}

/** Leaves the session standing at the beginning of the next epoch; a best epoch's weights are in their file by then. */
export async function validate(session: Session, { program, state, stateDigest }: TrainedEpoch): Promise<Validated> {
  const before = session.standing;
  const { epoch } = before;
  const follows = stateLink(before.chain, stateDigest);
  const averages = session.input.settings.emaDecay === null ? null : averagesIn(state, session.input.network);
  const evaluate = () => evaluateInRun(session, { phase: "val", epoch, program, chain: follows });
  const { metrics, chain } = await (averages === null ? evaluate() : session.withWeights(averages, state, evaluate));
  const better = before.best === null || metrics.loss < before.best.valLoss; // the first of equals is kept
  const best: Best | null = better
    ? { epoch, valLoss: metrics.loss, valAccuracy: metrics.accuracy, file: bestFile(epoch, metrics.accuracy) }
    : before.best;
  const standing: Standing = {
    epoch: epoch + 1,
    batch: 0,
    optimizerStep: before.optimizerStep,
    chain,
    sums: NO_SUMS,
    stateDigest,
    validations: [...before.validations, { loss: metrics.loss, accuracy: metrics.accuracy }],
    best,
  };
  if (better && best !== null) {
    await session.checkpoints.writeBest(best.file, standing, averages ?? state);
    session.input.recorder.record({ kind: "best", epoch, valLoss: best.valLoss });
  }
  session.moved(standing);
  return { val: metrics, best: better };
}

/** The moving averages of weights and statistics, under the names of what they are averages of. */
function averagesIn(state: State, network: Network): State {
  return new Map(network.parameters.map(({ name }) => [name, state.get(averageName(name)) as Float32Array]));
}
