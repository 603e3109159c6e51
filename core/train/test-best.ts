// The test stage: the best epoch's weights, read back from their file, on the test samples; once, after all training.
import { readCheckpoint } from "./checkpoint.ts";
import { confusionPicture } from "./confusion-picture.ts";
import { confusionMatrix } from "./confusion.ts";
import { compileForInference } from "./evaluate.ts";
import type { EvaluatedInRun } from "./evaluation-events.ts";
import { evaluateInRun } from "./evaluation-events.ts";
import { artifactOf } from "./artifact.ts";
import { writeAtomically } from "./atomic-file.ts";
import type { Session } from "./session.ts";

/** The test phase has one epoch. */
const EPOCH = 1;

/** @param bestPath the best checkpoint */
export async function testBest(session: Session, bestPath: string): Promise<EvaluatedInRun> {
  const { engine, network, settings } = session.input;
  const { state } = await readCheckpoint(bestPath);
  const program = await compileForInference(engine, network, settings);
  try {
    await program.load(state);
    const evaluated = await evaluateInRun(session, {
      phase: "test",
      epoch: EPOCH,
      program,
      chain: session.standing.chain,
    });
    await drawPictures(session, evaluated);
    return evaluated;
  } finally {
    program.dispose();
  }
}

/** One picture of the confusion matrix for each batch and one of all. */
async function drawPictures(session: Session, { batches, confusion }: EvaluatedInRun): Promise<void> {
  await drawPicture(session, confusion, { what: "test", file: "confusion-test.png" });
  for (const { batch, predictions } of batches) {
    const counts = confusionMatrix(predictions.labels, predictions.predicted, session.input.network.classes);
    const file = `confusion-test-batch-${String(batch).padStart(3, "0")}.png`;
    await drawPicture(session, counts, { what: `test, batch ${batch}`, file });
  }
}

async function drawPicture(
  { input, checkpoints, positive }: Session,
  confusion: readonly (readonly number[])[],
  { what, file }: { readonly what: string; readonly file: string },
): Promise<void> {
  const picture = await confusionPicture(confusion, { what, classes: input.data.manifest.classes, positive });
  const path = checkpoints.path(file);
  await writeAtomically(path, picture);
  const about = { artifactKind: "confusion-picture", mediaType: "image/png", epoch: EPOCH };
  input.recorder.record(await artifactOf(path, input.checkpoints.home, about));
}
