// exp export: a run's best weights for other programs.
import { type Command, Option } from "commander";
import { expHome } from "../home.ts";
import { exportRun, runFormats, type RunFormat } from "../run/export-run.ts";
import { findRun, openReadyStore } from "../store/index.ts";
import { printNotice } from "./notice.ts";
import { printJson } from "./output.ts";

interface ExportFlags {
  readonly to: RunFormat;
  readonly output: string;
  readonly json?: boolean;
}

export function registerExportCommand(program: Command): void {
  program
    .command("export")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description("Write a run's best weights for PyTorch, ONNX, TensorFlow.js or TensorFlow")
    .addOption(new Option("--to <format>", "what to write").choices(runFormats).makeOptionMandatory())
    .option("-o, --output <folder>", "where to write it", "export")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n  exp export frozen-backbone/unfrozen/0 --to onnx -o model\n  exp export 3f2a --to saved-model\n",
    )
    .action(exportCommand);
}

async function exportCommand(name: string, { to, output, json = false }: ExportFlags): Promise<void> {
  const store = await openReadyStore({}, printNotice);
  try {
    const run = await findRun(store, name);
    const files = await exportRun({ store, home: expHome(), run, to, folder: output });
    if (json) printJson({ type: "export", run: run.runId, to, files });
    else for (const file of files) process.stdout.write(`${file}\n`);
  } finally {
    await store.close();
  }
}
