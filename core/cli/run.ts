// exp run: trains every variant and seed of an experiment file, stores all of it and serves the dashboard meanwhile.
import { Console } from "node:console";
import type { Command } from "commander";
import pc from "picocolors";
import { sourceFromPath } from "../data/index.ts";
import { expHome } from "../home.ts";
import { reached } from "../phases.ts";
import type { RunSummary } from "../run/observer.ts";
import { runSweep, type SweepOptions, type SweepSurroundings } from "../run/sweep.ts";
import { askYesNo, canAsk } from "./ask.ts";
import { startBeside } from "./dashboard-beside.ts";
import { oneOf, repeated, wholeNumber, wholeNumbers, words } from "./flags.ts";
import { interruptible } from "./interruptible.ts";
import { printError, printJson } from "./output.ts";
import { createDisplay } from "./progress.ts";
import { addEngineOptions, engineOf, type EngineFlags } from "./training-flags.ts";

interface RunFlags extends EngineFlags {
  readonly variant?: string[];
  readonly seed?: number[];
  readonly fold?: number[];
  readonly set: string[];
  readonly data?: string;
  readonly smoke?: boolean;
  readonly fresh?: boolean;
  readonly profile?: boolean;
  readonly retry?: "failed";
  readonly queue?: boolean;
  readonly priority: number;
  readonly shareImages?: boolean;
  readonly dashboard: boolean;
  readonly port?: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const MORE = `
Examples:
  exp run experiments/frozen-backbone.ts
  exp run experiments/frozen-backbone.ts --variant slim --seed 0,1 --set lr=3e-4
  exp run experiments/frozen-backbone.ts --smoke

A database that does not answer stops no training: the runs are kept in EXP_HOME/spool and sent later, see exp spool --help.`;

export function registerRunCommand(program: Command): void {
  const command = program
    .command("run")
    .argument("<file>", "experiment file, such as experiments/frozen-backbone.ts")
    .description("Train every variant with every seed; an unfinished sweep is continued")
    .option("--variant <names>", "only these variants: a,b", words)
    .option("--seed <numbers>", "only these seeds: 0,1", wholeNumbers("--seed"))
    .option("--fold <numbers>", "only these folds of a k-fold split: 0,1", wholeNumbers("--fold"))
    .option("--set <key=value>", "override a setting; may be repeated", repeated, [])
    .option("--data <path>", "class folders, an .npz or a .csv in place of the experiment's data")
    .option("--smoke", "the whole path in seconds: 2 epochs, 1 seed, 64 images, 32 px")
    .option("--fresh", "new runs, even where a sweep is unfinished")
    .option(
      "--retry <which>",
      "failed: train again what failed before (default: a terminal is asked, else it stays failed)",
      oneOf("--retry", ["failed"]),
    );
  command
    .option("--queue", "leave the runs to workers (exp worker) instead of training them here")
    .option("--priority <n>", "of queued runs; higher ones are taken first", wholeNumber("--priority", 0), 0)
    .option(
      "--share-images",
      "put the prepared images into the artifact store (ARTIFACTS_URL): workers without the images train from them",
    );
  addEngineOptions(command)
    .option("--profile", "store milliseconds by kind of kernel, see exp show; changes no bit")
    .option("--no-dashboard", "do not serve the dashboard meanwhile")
    .option("--port <n>", "port of the dashboard", wholeNumber("--port", 0))
    .option("--json", "JSON lines on standard output, progress on standard error")
    .addHelpText("after", MORE)
    .action(runCommand);
}

async function runCommand(file: string, flags: RunFlags): Promise<void> {
  reached("command");
  if (flags.json) globalThis.console = new Console(process.stderr); // what the experiment's own code prints
  const stream = flags.json ? process.stderr : process.stdout;
  const display = createDisplay(stream);
  const serve: SweepSurroundings["serve"] = async (store) => {
    if (!flags.dashboard || flags.queue) return null;
    const dashboard = await startBeside({ store, home: expHome() }, flags.port);
    display.stage(`dashboard: ${dashboard.url}`);
    return dashboard;
  };
  const { runs, errors } = await interruptible((interrupt) => {
    const ask = (failed: readonly string[]): Promise<boolean> => {
      for (const line of failed) display.notice(line);
      return display.pauseFor(() => askYesNo("Train again what failed before?", stream, interrupt.signal));
    };
    const retryFailed = flags.retry === "failed" || (canAsk(stream) && ask);
    return runSweep({ ...sweepOptions(file, flags), retryFailed }, { observer: display, interrupt, serve });
  }, display.close);
  for (const error of errors) printError(error, { json: flags.json ?? false, debug: flags.debug ?? false });
  if (flags.json) printJson({ type: "done", runs });
  else if (flags.queue) process.stdout.write(`${runs.length} runs are queued or done. ${QUEUED}\n`);
  else await printEnd(runs);
  if (errors.length > 0) process.exitCode = 1;
}

function sweepOptions(file: string, flags: RunFlags): Omit<SweepOptions, "retryFailed"> {
  return {
    file,
    overrides: {
      variants: flags.variant,
      seeds: flags.seed,
      folds: flags.fold,
      assignments: flags.set,
      data: flags.data === undefined ? undefined : sourceFromPath(flags.data),
      smoke: flags.smoke,
    },
    ...engineOf(flags),
    profile: flags.profile ?? false,
    checkpointEverySteps: flags.checkpointEvery ?? null,
    fresh: flags.fresh ?? false,
    queuePriority: flags.queue ? flags.priority : null,
    shareImages: flags.shareImages ?? false,
  };
}

/** What to do with a sweep that was left to workers. */
const QUEUED = "The runs wait for workers: exp worker --drain trains them here, exp queue shows them.";

/** What tables are made with loads only now, so that the start is short. */
async function printEnd(runs: readonly RunSummary[]): Promise<void> {
  const { printResult } = await import("./result-table.ts");
  printResult(runs);
  process.stdout.write(`\nOpen the dashboard again: ${pc.bold("exp dashboard")}\n`);
}
