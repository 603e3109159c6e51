// The validation after an epoch, and what follows from it: the best epoch so far, and that the epoch is done.
import type { Program } from "../engine/engine.ts";
import type { State } from "../model/network.ts";
import { stateLink } from "./chain.ts";
import { bestFile } from "./checkpoint-folder.ts";
import { evaluateInRun } from "./evaluation-events.ts";
import type { Session } from "./session.ts";
import { NO_SUMS, type Best, type Standing } from "./standing.ts";

export interface TrainedEpoch {
  readonly program: Program;
  /** The program's, after the epoch. */
  readonly state: State;
  readonly stateDigest: string;
}

/** Leaves the session standing at the beginning of the next epoch; a best epoch's weights are in their file by then. */
export async function validate(session: Session, { program, state, stateDigest }: TrainedEpoch): Promise<void> {
  const before = session.standing;
  const { epoch } = before;
  const follows = stateLink(before.chain, stateDigest);
  const { metrics, chain } = await evaluateInRun(session, { phase: "val", epoch, program, chain: follows });
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
    await session.checkpoints.writeBest(best.file, standing, state);
    session.input.recorder.record({ kind: "best", epoch, valLoss: best.valLoss });
  }
  session.moved(standing);
}
