// The command line: one file a command, errors printed in one place, exit codes 0, 1, 2 and 130.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { Interrupted, LockstepError } from "../errors.ts";
import { knownError } from "../known-error.ts";
import { loadWith, type ImportExperiment } from "../experiment/load.ts";
import { suggestion } from "../experiment/nearest.ts";
import { registerCommands } from "./commands.ts";
import { printError } from "./output.ts";

/**
 * Runs the command that `argv` names and sets the exit code.
 * @param argv as process.argv @param importExperiment reads TypeScript, which this process does not
 */
export async function main(argv: readonly string[], importExperiment: ImportExperiment): Promise<void> {
  loadWith(importExperiment);
  process.stdout.on("error", endWhereNobodyReads);
  const program = await buildProgram(argv[2]);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error, { json: argv.includes("--json"), debug: argv.includes("--debug"), program });
  }
}

/** `exp show RUN | head`: what reads has read enough. */
function endWhereNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
}

async function buildProgram(called: string | undefined): Promise<Command> {
  const program = new Command("exp")
    .description("Reproducible experiments with image classifiers: the same file and seed give the same bits.")
    .version(packageVersion())
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined }) // errors are printed by `report`
    .addHelpText(
      "after",
      "\nExamples:\n  exp run experiments/frozen-backbone.ts\n  exp run experiments/frozen-backbone.ts --data ../images --seed 0,1\n  exp dashboard\n",
    );
  await registerCommands(program, called);
  for (const command of program.commands) inheritSettings(command, program);
  return program;
}

function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).option("--debug", "show stack traces");
  for (const inner of command.commands) inheritSettings(inner, command);
}

interface ReportOptions {
  readonly json: boolean;
  readonly debug: boolean;
  readonly program: Command;
}

/** Prints an error in the form asked for. @returns the exit code */
function report(error: unknown, { json, debug, program }: ReportOptions): number {
  if (error instanceof Interrupted) return 130;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // --help, --version
    printError(usageError(error, program), { json, debug });
    return 1;
  }
  const known = knownError(error);
  printError(known, { json, debug });
  return known.exitCode;
}

function usageError(error: CommanderError, program: Command): LockstepError {
  const unknown = /unknown command '([^']*)'/.exec(error.message)?.[1];
  const names = program.commands.map((command) => command.name());
  const message = error.message.replace(/^error: /, "").replace(/\n/g, " ");
  return new LockstepError({
    code: "usage",
    message: unknown === undefined ? message : `unknown command "${unknown}".${suggestion(unknown, names)}`,
    next: "See exp --help.",
    cause: error,
  });
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
