// exp spool: events that are on this machine and not in the database yet.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { openStore, sendLeftoverSpools } from "../store/index.ts";
import { describeSpools, type SpoolState } from "../store/spool/leftovers.ts";
import { listDamaged } from "../store/spool/spool-files.ts";
import { printNotice } from "./notice.ts";
import { printJson, printTable } from "./output.ts";

interface SpoolFlags {
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp spool status
  exp spool flush`;

export function registerSpoolCommands(program: Command): void {
  const spool = program
    .command("spool")
    .description("Events of runs that wait on this machine for the database")
    .addHelpText("after", EXAMPLES);
  spool
    .command("status")
    .description("What waits, and whether its run still goes on")
    .option("--json", "one JSON object a file")
    .action(status);
  spool
    .command("flush")
    .description("Send what no running process will")
    .option("--json", "one JSON object")
    .action(flush);
}

async function status(flags: SpoolFlags): Promise<void> {
  const spools = await describeSpools(expHome());
  const damaged = listDamaged(expHome());
  if (flags.json) {
    for (const { runId, bytes, path, ...file } of spools)
      printJson({ type: "spool", run: runId, bytes, path, writer: writer(file) });
    for (const path of damaged) printJson({ type: "damaged", path });
  } else if (spools.length === 0) process.stdout.write("Nothing waits: all that was recorded is in the database.\n");
  else
    printTable(
      ["run", "bytes", "writer", "file"],
      spools.map((file) => [file.runId.slice(0, 8), file.bytes, writer(file), file.path]),
    );
  for (const path of damaged)
    printNotice(`${path} is damaged: it was sent up to there and is kept; remove it when it is of no use.`);
}

function writer({ writerLives }: Pick<SpoolState, "writerLives">): string {
  if (writerLives === null) return "on another machine";
  return writerLives ? "running" : "ended";
}

async function flush(flags: SpoolFlags): Promise<void> {
  const store = await openStore();
  try {
    const { files, events, notices } = await sendLeftoverSpools(store);
    for (const notice of notices) printNotice(notice);
    if (flags.json) printJson({ type: "spool", files, events });
    else
      process.stdout.write(
        files === 0 ? "Nothing waits.\n" : `Sent ${events} events from ${files} ${files === 1 ? "file" : "files"}.\n`,
      );
  } finally {
    await store.close();
  }
}
