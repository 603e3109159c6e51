// The run's own row repeats what stands elsewhere, so that people can filter by it: settings, counts, results, where it was made.
// Each repetition is held against what it repeats.
import { hashOf } from "../experiment/index.ts";
import type { RunRow } from "../store/index.ts";
import { networkOf } from "./check-plan.ts";
import type { Recorded } from "./recorded.ts";
import { settingColumns } from "./run-row.ts";
import { judged, type VerdictLine } from "./verdict.ts";

type Columns = Partial<Record<keyof RunRow, unknown>>;

export function checkRunRow(recorded: Recorded): VerdictLine {
  const { run } = recorded;
  const expected: Columns = {
    ...settingsIn(recorded),
    ...samplesIn(recorded),
    ...circumstancesIn(recorded),
    ...resultsIn(recorded),
  };
  const findings = Object.entries(expected).flatMap(([column, value]) => {
    const stored = run[column as keyof RunRow];
    const equal = JSON.stringify(stored ?? null) === JSON.stringify(value ?? null);
    return equal ? [] : [`${column} is ${JSON.stringify(value ?? null)}, the run's row says ${JSON.stringify(stored)}`];
  });
  return judged("run row", findings);
}

function settingsIn({ config, manifest }: Recorded): Columns {
  const network = networkOf(config, manifest.classes.length);
  const { config: _, ...columns } = settingColumns(config, network);
  return { ...columns, smoke: config.sampleLimit !== null };
}

function samplesIn({ config, manifest, members }: Recorded): Columns {
  return {
    classes: manifest.classes,
    positiveClass: config.positiveClass,
    simulated: manifest.simulated,
    trainSamples: members.train.length,
    valSamples: members.val.length,
    testSamples: members.test.length,
  };
}

function circumstancesIn({ provenance: { codeFiles, versions, machine, sources } }: Recorded): Columns {
  return {
    codeDigest: hashOf(codeFiles),
    nodeVersion: versions.node,
    packageVersion: versions.lockstep,
    os: machine.os,
    cpu: machine.cpu,
    host: machine.host,
    experimentText: sources[0]?.text ?? null,
  };
}

/** The best epoch is the first with the least validation loss. */
function resultsIn({ epochs }: Recorded): Columns {
  const test = epochs.find(({ phase }) => phase === "test");
  const vals = epochs.filter(({ phase }) => phase === "val");
  const [best] = [...vals].sort((a, b) => a.loss - b.loss || a.epoch - b.epoch);
  return {
    bestEpoch: best?.epoch,
    valLoss: best?.loss,
    testLoss: test?.loss,
    testAccuracy: test?.accuracy,
    testPrecision: test?.precision,
    testRecall: test?.recall,
    testF1: test?.f1,
    testAuc: test?.auc,
  };
}
