// exp queue: what waits for workers, who trains what, and taking runs out or putting them back.
import type { Command } from "commander";
import { LockstepError } from "../errors.ts";
import { findAnyRun } from "../run/recorded.ts";
import { changeQueue, listQueue, type QueueChange } from "../store/queue.ts";
import { printJson, printTable } from "./output.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Examples:
  exp queue
  exp queue pause width-sweep/narrow/0
  exp queue resume width-sweep/narrow/0
  exp queue cancel 3f2a`;

interface QueueFlags {
  readonly json?: boolean;
}

export function registerQueueCommands(program: Command): void {
  const queue = program
    .command("queue")
    .description("Runs that wait for workers, and who trains what")
    .option("--json", "one JSON object a run")
    .addHelpText("after", EXAMPLES)
    .action(list);
  const one = (name: QueueChange, description: string) =>
    queue
      .command(name)
      .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
      .description(description)
      .action((run: string) => change(run, name));
  one("pause", "No worker takes it until it is resumed; one that trains it stops");
  one("resume", "Workers may take it again");
  one("cancel", "Out of the queue; what it has recorded is kept");
}

async function list(flags: QueueFlags): Promise<void> {
  return withStore(async (store) => {
    const rows = await listQueue(store);
    if (flags.json) for (const row of rows) printJson({ type: "queued", ...row });
    else if (rows.length === 0) process.stdout.write("Nothing waits. exp run FILE --queue puts runs into the queue.\n");
    else
      printTable(
        ["run", "name", "standing", "priority", "given back", "since", "trained by", "waits for", "why"],
        rows.map((row) => [
          ...[row.runId.slice(0, 8), row.name, row.standing, row.priority, row.retries],
          ...[row.queuedAt.toISOString().slice(0, 16), row.owner ?? "-", row.queue, row.reason ?? ""],
        ]),
      );
  });
}

async function change(name: string, what: QueueChange): Promise<void> {
  return withStore(async (store) => {
    const run = await findAnyRun(store, name);
    const done = await changeQueue(store, run.runId, what);
    if (done === null) throw notQueued(run.runId, run.status, what);
    process.stdout.write(`${run.experiment}/${run.variant}/${run.seed} ${done}\n`);
  });
}

function notQueued(runId: string, status: string, what: string): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `run ${runId} is ${status}: nothing to ${what}.`,
    next: "exp queue lists what waits.",
  });
}
