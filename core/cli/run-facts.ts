// What a run's own row says, a line each, as `exp show` begins: state, digest, where it came from, settings, result.
import pc from "picocolors";
import { importedFrom, kindText } from "../store/kind-text.ts";
import { seedText } from "../store/seed-text.ts";
import type { RunRow } from "../store/index.ts";

/** @param aliases of the run, without its experiment */
export function printFacts(run: RunRow, aliases: readonly string[]): void {
  const marks = [
    kindText({ kind: run.kind, importedFrom: importedFrom(run.provenance) }),
    run.simulated ? "simulated data" : null,
    run.smoke ? "smoke" : null,
    run.archivedAt === null ? null : "archived",
  ];
  const facts: [string, string | number | null][] = [
    ["run", run.runId],
    ["name", run.name],
    ["aliases", aliases.map((alias) => `${run.experiment}@${alias}`).join(", ")],
    ["status", run.errorMessage === null ? run.status : `${run.status}: ${run.errorMessage}`],
    ["digest", run.digest],
    ["tags", run.tags.join(", ")],
    ["note", run.note],
    ["kind", marks.filter((mark) => mark !== null).join("; ")],
    ["began", run.startedAt?.toISOString() ?? null],
    ["ended", run.endedAt?.toISOString() ?? null],
    ["weights from", run.init],
    ["engine", engineText(run)],
    ["data set", run.datasetDigest],
    ["samples", samplesOf(run)],
    ["settings hash", run.settingsHash],
    ["settings", JSON.stringify(run.config)],
    ["git commit", run.gitCommit === null ? null : `${run.gitCommit}${run.gitDiff ? " with uncommitted changes" : ""}`],
    ["command", run.commandLine],
    ["best epoch", run.bestEpoch === null ? null : `${run.bestEpoch}, val loss ${run.valLoss ?? "-"}`],
    ["test", testLine(run)],
  ];
  process.stdout.write(`${pc.bold(`${run.experiment}/${run.variant}/${seedText(run)}`)}\n`);
  for (const [name, value] of facts)
    if (value !== null && value !== "") process.stdout.write(`${pc.dim(name.padEnd(14))}${value}\n`);
}

/** All that decides the bits of the tensorflow engine, as the run was stored or last resumed. */
function engineText({ engine, engineVersion, device, kernels, threads }: RunRow): string {
  const parts = [engine, engineVersion, device, kernels, threads === null ? null : `${threads} threads`];
  return parts.filter((part) => part !== null).join(", ");
}

function samplesOf({ trainSamples, valSamples, testSamples }: RunRow): string | null {
  return trainSamples === null ? null : `${trainSamples} train, ${valSamples ?? 0} val, ${testSamples ?? 0} test`;
}

function testLine(run: RunRow): string | null {
  if (run.testLoss === null) return null;
  const positive = run.positiveClass === null ? "" : ` (positive: ${run.positiveClass})`;
  return (
    Object.entries(testMetrics(run))
      .map(([name, value]) => `${name} ${value?.toFixed(4) ?? "-"}`)
      .join(", ") + positive
  );
}

export function testMetrics(run: RunRow): Readonly<Record<string, number | null>> {
  const { testLoss, testAccuracy, testPrecision, testRecall, testF1, testAuc } = run;
  return {
    ...{ loss: testLoss, accuracy: testAccuracy, precision: testPrecision },
    ...{ recall: testRecall, f1: testF1, auc: testAuc },
  };
}
