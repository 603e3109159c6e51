// exp queue: what waits for workers, who trains what, and taking runs out or putting them back.
import type { Command } from "commander";
import { LockstepError } from "../errors.ts";
import { findAnyRun } from "../run/recorded.ts";
import { listQueue, putBack, takeOut } from "../run/queue/queue.ts";
import { openReadyStore, requestStop, type Store } from "../store/index.ts";
import { printNotice } from "./notice.ts";
import { printJson, printTable } from "./output.ts";

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
  const one = (name: string, description: string, act: (store: Store, runId: string) => Promise<string | null>) =>
    queue
      .command(name)
      .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
      .description(description)
      .action((run: string) => change(run, name, act));
  one("pause", "No worker takes it until it is resumed; one that trains it stops", (store, id) =>
    takeAway(store, id, "paused"),
  );
  one("resume", "Workers may take it again", async (store, id) => ((await putBack(store, id)) ? "waits again" : null));
  one("cancel", "Out of the queue; what it has recorded is kept", (store, id) => takeAway(store, id, "interrupted"));
}

async function list(flags: QueueFlags): Promise<void> {
  const store = await openReadyStore({}, printNotice);
  try {
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
  } finally {
    await store.close();
  }
}

type Act = (store: Store, runId: string) => Promise<string | null>;

/** @param act tells what came of it; null: the run is not such that it could be done */
async function change(name: string, what: string, act: Act): Promise<void> {
  const store = await openReadyStore({}, printNotice);
  try {
    const run = await findAnyRun(store, name);
    const done = await act(store, run.runId);
    if (done === null) throw notQueued(run.runId, run.status, what);
    process.stdout.write(`${run.experiment}/${run.variant}/${run.seed} ${done}\n`);
  } finally {
    await store.close();
  }
}

async function takeAway(store: Store, runId: string, status: "paused" | "interrupted"): Promise<string | null> {
  if (await takeOut(store, runId, status)) return status === "paused" ? "is paused" : "is cancelled";
  return (await requestStop(store, runId)) ? "is being stopped by its worker" : null;
}

function notQueued(runId: string, status: string, what: string): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `run ${runId} is ${status}: nothing to ${what}.`,
    next: "exp queue lists what waits.",
  });
}
