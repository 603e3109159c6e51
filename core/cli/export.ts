// exp export: a run's best weights for other programs, or the results of a run or a whole experiment for other tools.
import { type Command, Option } from "commander";
import { exportResults, resultFormats, type ResultFormat } from "../doors/index.ts";
import { LockstepError } from "../errors.ts";
import { expHome } from "../home.ts";
import { exportRun, runFormats, type RunFormat } from "../run/export-run.ts";
import { findAnyRun } from "../run/recorded.ts";
import { findRun, listRuns, type RunRow, type Store } from "../store/index.ts";
import { printJson } from "./output.ts";
import { withStore } from "./with-store.ts";

interface ExportFlags {
  readonly to: RunFormat | ResultFormat;
  readonly output: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Weights of one run: ${runFormats.join(", ")}. Results of a run or an experiment: ${resultFormats.join(", ")}.

Examples:
  exp export frozen-backbone/unfrozen/0 --to onnx -o model
  exp export 3f2a --to saved-model
  exp export frozen-backbone --to parquet -o tables
  exp export frozen-backbone --to mlflow -o mlruns     then: MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri mlruns
  exp export frozen-backbone --to tensorboard -o logs  then: tensorboard --logdir logs`;

export function registerExportCommand(program: Command): void {
  program
    .command("export")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed; for results also an experiment's name")
    .description("Write a run's best weights, or what runs recorded, for other programs")
    .addOption(
      new Option("--to <format>", "what to write").choices([...runFormats, ...resultFormats]).makeOptionMandatory(),
    )
    .option("-o, --output <folder>", "where to write it", "export")
    .option("--json", "one JSON object")
    .addHelpText("after", EXAMPLES)
    .action(exportCommand);
}

async function exportCommand(name: string, { to, output, json = false }: ExportFlags): Promise<void> {
  const home = expHome();
  return withStore(async (store) => {
    if (isResult(to)) {
      const runs = await chosenRuns(store, name);
      const files = await exportResults({ store, home, runs, to, folder: output });
      return tell(files, { json, runs: runs.map(({ runId }) => runId), to });
    }
    const run = await findRun(store, name);
    const files = await exportRun({ store, home, run, to, folder: output });
    tell(files, { json, run: run.runId, to });
  });
}

function isResult(to: ExportFlags["to"]): to is ResultFormat {
  return (resultFormats as readonly string[]).includes(to);
}

/** All runs of an experiment of that name, else the one run. */
async function chosenRuns(store: Store, name: string): Promise<RunRow[]> {
  const all = await listRuns(store, { experiment: name }, { limit: 100_000 });
  if (all.length > 0) return all;
  try {
    return [await findAnyRun(store, name)];
  } catch (cause) {
    if (!(cause instanceof LockstepError && cause.code === "run-not-found") || /[/@]/.test(name)) throw cause;
    throw new LockstepError({
      code: "run-not-found",
      message: `Neither an experiment nor a run is named "${name}".`,
      next: "exp runs lists them.",
      cause,
    });
  }
}

function tell(
  files: readonly string[],
  { json, ...facts }: { readonly json: boolean } & Record<string, unknown>,
): void {
  if (json) printJson({ type: "export", ...facts, files });
  else for (const file of files) process.stdout.write(`${file}\n`);
}
