// exp stop: asks the process that trains a run to end it cleanly; it can be resumed.
import type { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { LockstepError } from "../errors.ts";
import { findAnyRun } from "../run/recorded.ts";
import { findRun, requestStop, type RunRow, type Store } from "../store/index.ts";
import { wholeNumber } from "./flags.ts";
import { printJson } from "./output.ts";
import { withStore } from "./with-store.ts";

interface StopFlags {
  /** Seconds. */
  readonly wait: number;
  readonly json?: boolean;
}

export function registerStopCommand(program: Command): void {
  program
    .command("stop")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description("End a running run cleanly; exp resume goes on with it")
    .option("--wait <seconds>", "how long to wait for it", wholeNumber("--wait", 0), 30)
    .option("--json", "one JSON object")
    .action(stopCommand);
}

async function stopCommand(name: string, flags: StopFlags): Promise<void> {
  return withStore(async (store) => {
    const { runId } = await findAnyRun(store, name);
    if (!(await requestStop(store, runId))) throw notRunning(await findRun(store, runId));
    const status = await waitForEnd(store, runId, flags.wait);
    if (flags.json) printJson({ type: "stopped", run: runId, status });
    else process.stdout.write(`run ${runId}: ${status === "running" ? "asked to stop" : status}\n`);
  });
}

async function waitForEnd(store: Store, runId: string, seconds: number): Promise<string> {
  for (let tries = seconds * 5; ; tries--) {
    const { status } = await findRun(store, runId);
    if (tries <= 0 || (status !== "running" && status !== "queued")) return status;
    await sleep(200);
  }
}

function notRunning({ runId, status }: RunRow): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `run ${runId} is ${status}, expected one that is running.`,
    next: "exp runs --status running lists them.",
  });
}
