// exp evaluate: a stored run on another labelled set, which is what external validation is.
import type { Command } from "commander";
import pc from "picocolors";
import type { SplitPart } from "../data/index.ts";
import { LockstepError } from "../errors.ts";
import { expHome } from "../home.ts";
import { evaluateRun, type RunEvaluation } from "../run/evaluate-run.ts";
import { openWorkshop, type Workshop } from "../run/workshop.ts";
import { findRun, type RunRow } from "../store/index.ts";
import { printConfusion } from "./confusion-table.ts";
import { sourceOf } from "./data-source.ts";
import { oneOf, repeated } from "./flags.ts";
import { interruptible } from "./interruptible.ts";
import { printJson, printTable } from "./output.ts";
import { countingLines } from "./progress-line.ts";
import { createDisplay } from "./progress.ts";
import { addEngineChoice, engineOf, type EngineFlags } from "./training-flags.ts";
import { withStore } from "./with-store.ts";

interface EvaluateFlags extends EngineFlags {
  readonly data: string;
  readonly part?: SplitPart;
  readonly map: readonly string[];
  readonly leaveOut: readonly string[];
  readonly json?: boolean;
}

const PARTS = ["train", "val", "test"] as const;

const EXAMPLES = `
The evaluation is stored as a phase of the run, "external:<digits of the data set>": in exp show, in the views of exp sql, on the
dashboard's run and compare pages. The same data again takes its place.

Examples:
  exp evaluate frozen-backbone/unfrozen/0 --data ../other-hospital
  exp evaluate 3f2a --data busi --leave-out normal
  exp evaluate 3f2a --data scans.csv --map cancer=malignant --map no-cancer=benign --json
  exp evaluate 3f2a --data breastmnist.npz --part test`;

export function registerEvaluateCommand(program: Command): void {
  const command = program
    .command("evaluate")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description("Test a stored run's best checkpoint on another labelled set (external validation)")
    .requiredOption(
      "--data <source>",
      "folder of class folders, .npz, .csv, or an experiment file, whose data is meant",
    )
    .option("--part <part>", "only this part of the source's own: train, val or test", oneOf("--part", PARTS))
    .option("--map <theirs=ours>", "a class of the data set that is one of the run's under another name", repeated, [])
    .option("--leave-out <class>", "a class of the data set whose samples do not take part", repeated, []);
  addEngineChoice(command)
    .option("--json", "one JSON object, progress on standard error")
    .addHelpText("after", EXAMPLES)
    .action(evaluateCommand);
}

async function evaluateCommand(name: string, flags: EvaluateFlags): Promise<void> {
  const display = createDisplay(process.stderr);
  const { run, evaluation } = await interruptible(
    (interrupt) => evaluate(name, flags, { observer: display, interrupt }),
    display.close,
  );
  if (flags.json) printJson(asJson(run, evaluation));
  else printEvaluation(run, evaluation);
}

async function evaluate(
  name: string,
  flags: EvaluateFlags,
  around: Pick<Workshop, "observer" | "interrupt">,
): Promise<{ run: RunRow; evaluation: RunEvaluation }> {
  const classes = { renamed: renamedClasses(flags.map), leftOut: flags.leaveOut };
  const source = await sourceOf(flags.data);
  return withStore(async (store) => {
    const run = await findRun(store, name);
    const workshop = await openWorkshop(engineOf(flags, run.engine), { ...around, store, home: expHome() });
    try {
      const request = { run, source, part: flags.part ?? null, classes, onProgress: countingLines() };
      return { run, evaluation: await evaluateRun(request, workshop) };
    } finally {
      await workshop.close();
    }
  }, around.observer.notice);
}

/** "theirs=ours" */
function renamedClasses(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new LockstepError({
        code: "usage",
        message: `--map is "${pair}", expected a class of the data set and one of the run: theirs=ours`,
        next: "Such as --map cancer=malignant.",
      });
    }),
  );
}

/** The names of `exp run --json`. */
function asJson(
  { runId: run, experiment, variant, seed }: RunRow,
  {
    phase,
    manifest,
    classMap,
    seenSamples,
    digest,
    before,
    metrics,
    classMetrics,
    confusion,
    predictions,
  }: RunEvaluation,
): object {
  const about = { run, experiment, variant, seed, phase, dataset: manifest.name, datasetDigest: manifest.digest };
  const counts = { samples: predictions.labels.length, seenSamples, skipped: manifest.skipped, classMap };
  const { perClass, ...overall } = classMetrics;
  return { type: "evaluation", ...about, ...counts, digest, before, ...metrics, confusion, perClass, ...overall };
}

function printEvaluation(run: RunRow, evaluation: RunEvaluation): void {
  const { phase, manifest, metrics, confusion, predictions, seenSamples, digest, before } = evaluation;
  const name = `${run.experiment}/${run.variant}/${run.seed}`;
  const count = predictions.labels.length;
  process.stdout.write(`${pc.bold(name)} on ${manifest.name}: ${count} samples, stored as phase ${phase}\n\n`);
  printTable(
    ["loss", "accuracy", "precision", "recall", "F1", "AUC"],
    [[metrics.loss, metrics.accuracy, metrics.precision, metrics.recall, metrics.f1, metrics.auc].map(number)],
  );
  printConfusion("Confusion matrix", run.classes ?? [], confusion);
  process.stdout.write(`\ndigest ${digest}${AGAIN[before ?? "new"]}\n`);
  const skipped = manifest.skipped.length;
  if (skipped > 0) process.stdout.write(`${pc.yellow("note")}: ${skipped} images could not be read and were skipped\n`);
  if (seenSamples > 0)
    process.stdout.write(
      `${pc.yellow("warning")}: the run was trained on ${seenSamples} of these ${count} images: this is no external validation\n`,
    );
}

const AGAIN = {
  new: "",
  same: " (the same bits as when it was last evaluated)",
  differs: " (takes the place of an earlier evaluation that differs)",
};

function number(value: number | null): string {
  return value?.toFixed(4) ?? "-";
}
