// exp show RUN: one run with all that is stored of it, its digest in full.
import type { Command } from "commander";
import pc from "picocolors";
import {
  findRun,
  readAliases,
  readArtifacts,
  readConfusion,
  readEpochs,
  readDecisions,
  readEvaluations,
  readKernelTimes,
  loopDelayText,
  readLoopDelay,
  readScores,
  readWarnings,
  type HalvingDecision,
  type KernelTime,
  type LoopDelay,
  type RunRow,
  type Store,
  type StoredArtifact,
  type StoredEpoch,
  type StoredEvaluation,
  type StoredScores,
  type StoredWarning,
} from "../store/index.ts";
import type { ClassMetrics } from "../train/metrics.ts";
import { printConfusion } from "./confusion-table.ts";
import { printKernelTimes } from "./kernel-times-table.ts";
import { printJson, printTable } from "./output.ts";
import { printScores } from "./scores-table.ts";
import { withStore } from "./with-store.ts";
import { printFacts, testMetrics } from "./run-facts.ts";

const EXAMPLES = `
Examples:
  exp show frozen-backbone/slim/0
  exp show 3f2a
  exp show 3f2a --json | jq .test.recall`;

export function registerShowCommands(program: Command): void {
  program
    .command("show")
    .argument("<run>", "id, a unique beginning of one, or experiment/variant/seed (the latest done)")
    .description("Show a run: result, digest, names and notes, settings, provenance, artifacts")
    .option("--json", "one JSON object")
    .addHelpText("after", EXAMPLES)
    .action(showRun);
}

type ShownEvaluation = StoredEvaluation & { readonly confusion: number[][] | null };

interface Shown {
  readonly run: RunRow;
  readonly aliases: readonly string[];
  readonly epochs: readonly StoredEpoch[];
  /** Of every evaluation; none in runs older than these columns. */
  readonly scores: readonly StoredScores[];
  readonly confusion: number[][] | null;
  readonly evaluations: readonly ShownEvaluation[];
  readonly artifacts: readonly StoredArtifact[];
  readonly kernelTimes: readonly KernelTime[];
  /** Of the main thread. */
  readonly loopDelay: LoopDelay | null;
  /** Of successive halving, rung by rung. */
  readonly halving: readonly HalvingDecision[];
  /** Of the run's log, such as a change of engine. */
  readonly warnings: readonly StoredWarning[];
}

async function showRun(name: string, flags: { readonly json?: boolean }): Promise<void> {
  return withStore(async (store) => {
    const run = await findRun(store, name);
    const confusion = await readConfusion(store, run.runId, "test");
    const shown = {
      run,
      confusion,
      aliases: await readAliases(store, run.runId),
      epochs: await readEpochs(store, run.runId),
      scores: await readScores(store, run.runId),
      evaluations: await shownEvaluations(store, run.runId),
      artifacts: await readArtifacts(store, run.runId),
      kernelTimes: await readKernelTimes(store, run.runId),
      loopDelay: await readLoopDelay(store, run.runId),
      halving: await readDecisions(store, run.runId),
      warnings: await readWarnings(store, run.runId),
    };
    if (flags.json) printJson(asJson(shown));
    else printShown(shown);
  });
}

async function shownEvaluations(store: Store, runId: string): Promise<ShownEvaluation[]> {
  const evaluations = await readEvaluations(store, runId);
  return Promise.all(
    evaluations.map(async (one) => ({ ...one, confusion: await readConfusion(store, runId, one.phase) })),
  );
}

/** The names of `exp run --json`; every column of the run beside them, in TypeScript's names. */
function asJson(shown: Shown): object {
  const { run, aliases, epochs, scores, confusion, evaluations, artifacts, kernelTimes, loopDelay, halving, warnings } =
    shown;
  const { runId, experiment, variant, seed, status, digest, ...columns } = run;
  const { statusSeq: _status, bestSeq: _best, owner: _owner, ...rest } = columns;
  return {
    run: runId,
    experiment,
    variant,
    seed,
    status,
    digest,
    aliases,
    test: testOf(run, confusion, scoresOf(scores, "test")),
    history: epochs,
    evaluations: evaluations.map((one) => ({ ...one, ...scoresOf(scores, one.phase) })),
    artifacts,
    kernelTimes,
    loopDelay,
    halving,
    warnings,
    ...rest,
  };
}

function scoresOf(scores: readonly StoredScores[], phase: StoredScores["phase"]): ClassMetrics | null {
  return scores.find((one) => one.phase === phase)?.scores ?? null;
}

/** Scores by class are in the order of the run's classes. */
function testOf(run: RunRow, confusion: number[][] | null, scores: ClassMetrics | null): object | null {
  if (run.testLoss === null) return null;
  return { ...testMetrics(run), confusion, ...scores };
}

function printShown(shown: Shown): void {
  const { run, aliases, epochs, scores, confusion, evaluations, artifacts, kernelTimes, loopDelay, halving, warnings } =
    shown;
  printFacts(run, aliases);
  for (const { text } of warnings) process.stdout.write(`${pc.dim("warning".padEnd(14))}${text}\n`);
  for (const decision of halving) process.stdout.write(`${pc.dim("halving".padEnd(14))}${decisionText(decision)}\n`);
  printBadImages(run.badImages);
  if (epochs.length > 0) printEpochs(epochs);
  if (confusion !== null) printConfusion("Confusion matrix of the test phase", run.classes ?? [], confusion);
  const test = scoresOf(scores, "test");
  if (test !== null) printScores("Scores of the test phase", run.classes ?? [], test);
  if (evaluations.length > 0) printEvaluations(run.classes ?? [], evaluations);
  for (const { phase } of evaluations) {
    const found = scoresOf(scores, phase);
    if (found !== null) printScores(`Scores of ${phase}`, run.classes ?? [], found);
  }
  if (artifacts.length > 0) printArtifacts(artifacts);
  printKernelTimes(kernelTimes);
  if (loopDelay !== null) process.stdout.write(`\nMain thread: ${loopDelayText(loopDelay)}\n`);
}

function decisionText({ epoch, metric, value, score, rank, variants, kept }: HalvingDecision): string {
  const [own, mean] = [value, score].map((number) => number?.toFixed(4) ?? "-");
  const means = `best val ${metric} ${own}, mean of the variant's runs ${mean}`;
  return `after epoch ${epoch}: ${means}, rank ${rank} of ${variants}, ${kept ? "goes on" : "left out"}`;
}

function printBadImages(bad: RunRow["badImages"]): void {
  if (bad.length === 0) return;
  process.stdout.write(`\n${pc.bold("Images left out or in doubt")}\n`);
  printTable(
    ["image", "", "reason"],
    bad.map(({ id, reason, used }) => [id, used ? "used, in doubt" : "left out", reason]),
  );
}

function printEpochs(epochs: readonly StoredEpoch[]): void {
  process.stdout.write(`\n${pc.bold("Epochs")}\n`);
  const number = (value: number | null) => value?.toFixed(4) ?? "-";
  printTable(
    ["phase", "epoch", "loss", "accuracy", "precision", "recall", "f1", "auc", "state digest"],
    epochs.map((e) => [
      e.phase,
      e.epoch,
      ...[e.loss, e.accuracy, e.precision, e.recall, e.f1, e.auc].map(number),
      e.stateDigest?.slice(0, 12) ?? "",
    ]),
  );
}

function printEvaluations(classes: readonly string[], evaluations: readonly ShownEvaluation[]): void {
  process.stdout.write(`\n${pc.bold("On other data")} (exp evaluate)\n`);
  const number = (value: number | null) => value?.toFixed(4) ?? "-";
  printTable(
    ["phase", "data set", "samples", "trained on", "loss", "accuracy", "precision", "recall", "f1", "auc"],
    evaluations.map((e) => [
      ...[e.phase, e.dataset, e.samples, e.seenSamples],
      ...[e.loss, e.accuracy, e.precision, e.recall, e.f1, e.auc].map(number),
    ]),
  );
  for (const { phase, confusion } of evaluations)
    if (confusion !== null) printConfusion(`Confusion matrix of ${phase}`, classes, confusion);
}

function printArtifacts(artifacts: readonly StoredArtifact[]): void {
  process.stdout.write(`\n${pc.bold("Artifacts")} (below EXP_HOME)\n`);
  printTable(
    ["kind", "name", "bytes", "sha256", "path"],
    artifacts.map((a) => [a.kind, a.name, a.bytes, a.sha256.slice(0, 12), a.path]),
  );
}
