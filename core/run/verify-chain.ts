// The rows of batches as a chain: as many as the settings ask for, and each link the digest of the one before and its own batch.
import type { Split } from "../data/sample.ts";
import { engineLink, FIRST_LINK, nextLink, runDigest, stateLink } from "../train/chain.ts";
import type { EngineChange } from "../train/chain.ts";
import { epochsOf } from "../train/early-stopping.ts";
import { changeText, changesOf, engineText, isAfter } from "./engine-change.ts";
import type { Recorded } from "./recorded.ts";
import { sampleOrder } from "./sample-order.ts";
import { judged, notChecked, same, type VerdictLine } from "./verdict.ts";

/** Links of a whole chain also tell a moved row of the split: its sample stands in other batches then. */
export function checkChain(recorded: Recorded, split: Split): VerdictLine {
  const { run, config, batches, epochs, manifest } = recorded;
  const changes = changesOf(recorded);
  const untold = [...changes]; // in no link so far
  const samplesOf = sampleOrder({ manifest, split, seed: run.seed, batchSize: config.settings.batchSize });
  let previous = FIRST_LINK;
  const broken: string[] = [];
  for (const { phase, epoch, batch, loss, correct, chain } of batches) {
    const followsState = phase === "val" && batch === 1;
    if (followsState) previous = stateLink(previous, stateOf(epochs, epoch));
    while (untold[0] !== undefined && isAfter({ phase, epoch, batch }, untold[0]))
      previous = engineLink(previous, untold.shift() as EngineChange);
    const link = nextLink(previous, samplesOf(phase, epoch, batch), loss, correct);
    const parts = `loss ${loss}, ${correct} correct${followsState ? `, state digest of train epoch ${epoch}` : ""}`;
    if (link !== chain) broken.push(`${phase} epoch ${epoch}, batch ${batch}: ${parts} do not make its link`);
    previous = chain;
  }
  const last = changes.at(-1);
  if (last !== undefined && last.to !== engineText(run))
    broken.push(`it ends on ${last.to}, the run's row says ${engineText(run)}`);
  if (batches.length === 0) return notChecked("chain", "no batch is stored");
  if (broken.length > 0) return judged("chain", broken, 1);
  return same("chain", changes.length === 0 ? null : changes.map(changeText).join("; "));
}

/** Empty where the row is missing or has none. */
function stateOf(epochs: Recorded["epochs"], epoch: number): string {
  return epochs.find((row) => row.phase === "train" && row.epoch === epoch)?.stateDigest ?? "";
}

/** Row counts of a finished run; an unfinished one must have no gaps, which the chain shows. */
export function checkRows({ run, config, batches, epochs, testPredictions }: Recorded, split: Split): VerdictLine {
  if (run.status !== "done") return notChecked("rows", `the run is ${run.status}`);
  const { batchSize } = config.settings;
  const valLosses = epochs.filter(({ phase }) => phase === "val").map(({ loss }) => loss);
  const wanted = epochsOf(config.settings, valLosses);
  const count = (phase: string) => batches.filter((row) => row.phase === phase).length;
  const perEpoch = (part: keyof typeof sizes) => Math.ceil(sizes[part] / batchSize);
  const sizes = { train: split.train.length, val: split.val.length, test: split.test.length };
  return judged("rows", [
    ...expectCount("train batches", count("train"), wanted * perEpoch("train")),
    ...expectCount("val batches", count("val"), wanted * perEpoch("val")),
    ...expectCount("test batches", count("test"), perEpoch("test")),
    ...expectCount("epoch rows", epochs.length, 2 * wanted + 1),
    ...expectCount("test predictions", testPredictions.length, sizes.test),
  ]);
}

/** The run's digest out of its last link, its last state and its test predictions. */
export function checkDigest({ run, batches, epochs, testPredictions }: Recorded): VerdictLine {
  if (run.status !== "done") return notChecked("digest", `the run is ${run.status}`);
  const lastLink = batches.at(-1)?.chain;
  const lastState = epochs.filter(({ stateDigest }) => stateDigest !== null).at(-1)?.stateDigest;
  if (lastLink === undefined || !lastState) return judged("digest", ["rows are missing that it is made of"]);
  const predictions = {
    sampleIds: testPredictions.map(({ sampleId }) => sampleId),
    labels: testPredictions.map(({ label }) => label),
    predicted: testPredictions.map(({ predicted }) => predicted),
    logits: testPredictions.map(({ logits }) => logits),
    probabilities: testPredictions.map(({ probabilities }) => probabilities),
  };
  const computed = runDigest(lastLink, lastState, predictions);
  return judged("digest", computed === run.digest ? [] : [`the rows give ${computed}, the run has ${run.digest}`]);
}

function expectCount(what: string, received: number, expected: number): string[] {
  return received === expected ? [] : [`${received} ${what}, expected ${expected}`];
}
