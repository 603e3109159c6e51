// exp resume: one unfinished run goes on from its last checkpoint.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import type { Interrupt } from "../run/interrupt.ts";
import type { RunOutcome } from "../run/lifecycle.ts";
import { findAnyRun } from "../run/recorded.ts";
import { resumeRun } from "../run/resume.ts";
import { openWorkshop, uploadsOf, type Workshop } from "../run/workshop.ts";
import { withUploads } from "../store/artifacts/uploader.ts";
import { interruptible } from "./interruptible.ts";
import { printJson } from "./output.ts";
import { createDisplay } from "./progress.ts";
import { printResult } from "./result-table.ts";
import { addEngineOptions, engineOf, type EngineFlags } from "./training-flags.ts";
import { withStore } from "./with-store.ts";

interface ResumeFlags extends EngineFlags {
  readonly anyway?: boolean;
  readonly json?: boolean;
}

export function registerResumeCommand(program: Command): void {
  const command = program
    .command("resume")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description(
      "Go on with an interrupted, paused, lost or failed run; it ends with the digest of an undisturbed one",
    );
  addEngineOptions(command)
    .option("--anyway", "although the code has changed: what follows the last checkpoint is made anew")
    .option("--json", "JSON lines on standard output, progress on standard error")
    .action(resumeCommand);
}

async function resumeCommand(name: string, flags: ResumeFlags): Promise<void> {
  const display = createDisplay(flags.json ? process.stderr : process.stdout);
  const work = (interrupt: Interrupt) => resume(name, flags, { observer: display, interrupt });
  const { summary, error } = await interruptible(work, display.close);
  if (error !== null) throw error;
  if (flags.json) printJson({ type: "done", runs: [summary] });
  else printResult([summary]);
}

async function resume(
  name: string,
  flags: ResumeFlags,
  around: Pick<Workshop, "observer" | "interrupt">,
): Promise<RunOutcome> {
  return withStore(async (store) => {
    const run = await findAnyRun(store, name);
    const shared = { ...around, store, home: expHome(), checkpointEverySteps: flags.checkpointEvery ?? null };
    const workshop = await openWorkshop(engineOf(flags, run.engine), shared);
    try {
      return await withUploads(uploadsOf(workshop), () => resumeRun(run, { anyway: flags.anyway ?? false }, workshop));
    } finally {
      await workshop.close();
    }
  }, around.observer.notice);
}
