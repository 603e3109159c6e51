// `exp verify RUN`: without training, everything that is stored of a run is checked against everything else: digests of data, split and
// settings, the chain's own links, metrics and confusion matrices from the stored predictions, artifacts. An edited row is named.
import { readArtifacts, readConfusion, readPredictions, readScores, type RunRow, type Store } from "../store/index.ts";
import { checkArtifacts } from "./verify-artifacts.ts";
import { checkChain, checkDigest, checkRows } from "./verify-chain.ts";
import { checkData } from "./verify-data.ts";
import { checkEvaluations } from "./verify-evaluations.ts";
import { checkBatches, checkEpochs, checkPredictions, type Outcomes } from "./verify-outcomes.ts";
import { checkRunRow } from "./verify-run-row.ts";
import { checkScores } from "./verify-scores.ts";
import { readRecorded, type Recorded } from "./recorded.ts";
import { storedSplit } from "./stored-split.ts";
import type { VerdictLine } from "./verdict.ts";

/** @param home EXP_HOME, where the artifacts are */
export async function verifyRun(store: Store, run: RunRow, home: string): Promise<VerdictLine[]> {
  const recorded = await readRecorded(store, run);
  const split = storedSplit(recorded);
  const outcomes = await readOutcomes(store, recorded);
  return [
    ...checkData(recorded),
    checkRows(recorded, split),
    checkChain(recorded, split),
    checkBatches(recorded, split, outcomes),
    checkPredictions(recorded, split, outcomes),
    checkEpochs(recorded, outcomes),
    checkScores(recorded.manifest.classes.length, outcomes, await readScores(store, run.runId)),
    checkRunRow(recorded),
    checkDigest(recorded),
    ...(await checkEvaluations(store, recorded, home)),
    await checkArtifacts(store, await readArtifacts(store, run.runId), home),
  ];
}

async function readOutcomes(store: Store, { run, epochs, testPredictions }: Recorded): Promise<Outcomes[]> {
  const evaluations = epochs.filter(({ phase }) => phase !== "train");
  return Promise.all(
    evaluations.map(async ({ phase, epoch }) => ({
      phase,
      epoch,
      predictions: phase === "test" ? testPredictions : await readPredictions(store, run.runId, phase, epoch),
      confusion: await readConfusion(store, run.runId, phase, epoch),
    })),
  );
}
