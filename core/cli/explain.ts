// exp explain: where a stored run's network looked on its own test images; the pictures are on the run's Samples page.
import type { Command } from "commander";
import { sourceFromPath } from "../data/index.ts";
import { expHome } from "../home.ts";
import { explainRun } from "../run/explain-run.ts";
import { openWorkshop, type Workshop } from "../run/workshop.ts";
import { findRun, type RunRow } from "../store/index.ts";
import { oneOf, wholeNumber } from "./flags.ts";
import { interruptible } from "./interruptible.ts";
import { printJson } from "./output.ts";
import { progressLine } from "./progress-line.ts";
import { createDisplay } from "./progress.ts";
import { addEngineChoice, engineOf, type EngineFlags } from "./training-flags.ts";
import { withStore } from "./with-store.ts";

interface ExplainFlags extends EngineFlags {
  readonly part: "val" | "test";
  readonly most?: number;
  readonly data?: string;
  readonly json?: boolean;
}

const PARTS = ["val", "test"] as const;

const EXAMPLES = `
The overlays (Grad-CAM of the class that the run says) are stored with the run and shown beside the images under Samples on its page;
again, they take the place of those before. exp predict --explain writes them for other images, into a folder.

Examples:
  exp explain frozen-backbone/unfrozen/0
  exp explain 3f2a --most 50
  exp explain 3f2a --part val --data ../images`;

export function registerExplainCommand(program: Command): void {
  const command = program
    .command("explain")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description("Store where a run's network looked on its test samples (Grad-CAM)")
    .option("--part <part>", "the samples of this part: test or val", oneOf("--part", PARTS), "test")
    .option("--most <n>", "only so many, those with the highest loss", wholeNumber("--most", 1))
    .option("--data <path>", "where the images are now");
  addEngineChoice(command)
    .option("--json", "one JSON object, progress on standard error")
    .addHelpText("after", EXAMPLES)
    .action(explainCommand);
}

async function explainCommand(name: string, flags: ExplainFlags): Promise<void> {
  const display = createDisplay(process.stderr);
  const { run, overlays } = await interruptible(
    (interrupt) => explain(name, flags, { observer: display, interrupt }),
    display.close,
  );
  const { runId, experiment, variant, seed } = run;
  if (flags.json) printJson({ type: "explanation", run: runId, experiment, variant, seed, part: flags.part, overlays });
  else process.stdout.write(`${overlays} overlays stored; exp dashboard shows them at /runs/${runId}/samples\n`);
}

async function explain(
  name: string,
  flags: ExplainFlags,
  around: Pick<Workshop, "observer" | "interrupt">,
): Promise<{ run: RunRow; overlays: number }> {
  return withStore(async (store) => {
    const run = await findRun(store, name);
    // the portable engine alone gives the maps, from the same weights
    const workshop = await openWorkshop(engineOf(flags, "portable"), { ...around, store, home: expHome() });
    try {
      const { part, most = null, data } = flags;
      const source = data === undefined ? null : sourceFromPath(data);
      const onProgress = progressLine("explaining").update;
      return { run, overlays: await explainRun({ run, part, most, source, onProgress }, workshop) };
    } finally {
      await workshop.close();
    }
  }, around.observer.notice);
}
