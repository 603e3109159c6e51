// exp worker: trains the runs that wait in the queue, on this machine.
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { expHome } from "../home.ts";
import type { Interrupt } from "../run/interrupt.ts";
import type { RunSummary } from "../run/observer.ts";
import { openQueue } from "../run/queue/queue.ts";
import { work } from "../run/queue/worker.ts";
import { openWorkshop, uploadsOf, type Workshop } from "../run/workshop.ts";
import { withUploads } from "../store/artifacts/uploader.ts";
import { wholeNumber } from "./flags.ts";
import { interruptible } from "./interruptible.ts";
import { printJson } from "./output.ts";
import { createDisplay } from "./progress.ts";
import { printResult } from "./result-table.ts";
import { addEngineOptions, engineOf, type EngineFlags } from "./training-flags.ts";
import { withStore } from "./with-store.ts";

interface WorkerFlags extends EngineFlags {
  readonly concurrency: number;
  readonly drain?: boolean;
  readonly trustCode?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
A worker takes runs of its own version of the code and its own engine alone: their digests are those of exp run. The database is the one
that DATABASE_URL names, or this home's; images must be where the experiment says, or be downloadable. Workers that go on with each other's
runs share an artifact store (ARTIFACTS_URL, see docs/scale.md) or EXP_HOME. A worker that is killed leaves its run to the others.

Examples:
  exp run experiments/width-sweep.ts --queue
  exp worker --drain
  exp worker --concurrency 2 --drain`;

export function registerWorkerCommand(program: Command): void {
  const command = program
    .command("worker")
    .description("Train runs from the queue until Ctrl-C, or with --drain until it is empty")
    .option(
      "--concurrency <n>",
      "so many runs at a time, the cores divided among them",
      wholeNumber("--concurrency", 1),
      1,
    )
    .option("--drain", "end when nothing waits and nothing is being trained")
    .option(
      "--trust-code",
      "run hooks that come with a run and are not in the experiment file here: code of whoever queued it",
    );
  addEngineOptions(command)
    .option("--json", "JSON lines on standard output, progress on standard error")
    .addHelpText("after", EXAMPLES)
    .action(workerCommand);
}

async function workerCommand(given: WorkerFlags): Promise<void> {
  const flags = { ...given, threads: threadsOf(given) };
  const others = startOthers(flags);
  const display = createDisplay(flags.json ? process.stderr : process.stdout);
  const runs = await interruptible((interrupt) => drain(flags, { observer: display, interrupt }), display.close);
  if (flags.json) printJson({ type: "done", runs });
  else if (runs.length === 0) process.stdout.write("No run waited.\n");
  else printResult(runs);
  await Promise.all(others.map(ended));
}

/** Of each run that is trained at a time: what --threads says, else its share of the cores; undefined: one run has the engine's default. */
function threadsOf({ concurrency, threads }: WorkerFlags): number | undefined {
  const share = concurrency === 1 ? undefined : Math.max(1, Math.floor(availableParallelism() / concurrency));
  return threads ?? share;
}

/** A process for each further run at a time; of a flag given twice the last counts. Ctrl-C reaches them too, being of the same terminal. */
function startOthers({ concurrency, threads }: WorkerFlags): ChildProcess[] {
  const alone = ["--concurrency", "1", "--threads", String(threads)];
  return Array.from({ length: concurrency - 1 }, () =>
    fork(process.argv[1] as string, [...process.argv.slice(2), ...alone]),
  );
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
}

async function drain(
  flags: WorkerFlags,
  around: Pick<Workshop, "observer" | "interrupt"> & { interrupt: Interrupt },
): Promise<RunSummary[]> {
  return withStore(async (store) => {
    const shared = { ...around, store, home: expHome(), checkpointEverySteps: flags.checkpointEvery ?? null };
    const workshop = await openWorkshop(engineOf(flags), shared);
    const queue = await openQueue(store, workshop.engine.identity.name);
    try {
      return await withUploads(uploadsOf(workshop), () =>
        work(queue, { drain: flags.drain ?? false, trustCode: flags.trustCode ?? false }, workshop),
      );
    } finally {
      await queue.close();
      await workshop.close();
    }
  }, around.observer.notice);
}
