// exp import: runs of other tools, beside ours.
import { Option, type Command } from "commander";
import { importFormats, readForeign, storeImported, type ImportFormat } from "../doors/index.ts";
import { printNotice } from "./notice.ts";
import { printJson } from "./output.ts";
import { withStore } from "./with-store.ts";

interface ImportFlags {
  readonly from?: ImportFormat;
  readonly project: string;
  readonly experiment?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp import logs/                     a folder that tensorboard --logdir would get
  exp import mlruns/                   MLflow's folder, or its SQLite file: exp import mlflow.db
  exp import history.csv --experiment mine
Importing again adds what is new. Files stay where they are and are listed with the runs.`;

export function registerImportCommand(program: Command): void {
  program
    .command("import")
    .argument("<path>", "TensorBoard logs, an mlruns folder, MLflow's SQLite file, or a CSV file")
    .description("Bring runs of TensorBoard, MLflow or a CSV file beside ours; they are marked as imported")
    .addOption(new Option("--from <tool>", "what it is; default: found out").choices(importFormats))
    .option("--project <name>", "where they go", "default")
    .option("--experiment <name>", "their experiment; default: as the files name it")
    .option("--json", "one JSON object a run")
    .addHelpText("after", EXAMPLES)
    .action(importRuns);
}

async function importRuns(path: string, { from, project, experiment, json }: ImportFlags): Promise<void> {
  const runs = await readForeign(path, from ?? null, { project, experiment: experiment ?? null, notice: printNotice });
  return withStore(async (store) => {
    let values = 0;
    let fresh = 0;
    for (const run of runs) {
      const { runId, isNew, added } = await storeImported(store, run);
      values += added;
      fresh += isNew ? 1 : 0;
      if (json)
        printJson({
          type: "imported",
          run: runId,
          experiment: run.experiment,
          variant: run.variant,
          new: isNew,
          added,
        });
    }
    if (!json)
      process.stdout.write(`${runs.length} runs found, ${fresh} of them new; ${values} values and files added.\n`);
  });
}
