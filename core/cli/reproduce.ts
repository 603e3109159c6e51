// exp reproduce: trains a stored or bundled run again and says line by line whether it is the same.
import type { Command } from "commander";
import { sourceFromPath } from "../data/index.ts";
import type { Hooks } from "../experiment/hooks.ts";
import { expHome } from "../home.ts";
import { isBundlePath, openBundle } from "../run/bundle.ts";
import { readRecorded, type Recorded } from "../run/recorded.ts";
import { reproduceRun, verdictOf } from "../run/reproduce.ts";
import type { WeightsOrigin } from "../run/initial-weights.ts";
import { storedHooks } from "../run/stored-hooks.ts";
import { bundledWeights, storedWeights } from "../run/stored-weights.ts";
import type { Verdict, VerdictLine } from "../run/verdict.ts";
import { openWorkshop, type Workshop } from "../run/workshop.ts";
import { findRun, saveVerdict } from "../store/index.ts";
import { wholeNumber } from "./flags.ts";
import { interruptible } from "./interruptible.ts";
import { createDisplay } from "./progress.ts";
import { addEngineOptions, engineOf, type EngineFlags } from "./training-flags.ts";
import { printVerdict } from "./verdict-table.ts";
import { withStore } from "./with-store.ts";

interface ReproduceFlags extends EngineFlags {
  readonly steps?: number;
  readonly epochs?: number;
  readonly data?: string;
  readonly anyway?: boolean;
  readonly trustCode?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp reproduce frozen-backbone/slim/0
  exp reproduce 3f2a --steps 20
  exp reproduce run.zip --data ../images --json`;

export function registerReproduceCommand(program: Command): void {
  const command = program
    .command("reproduce")
    .argument("<run>", "id, the beginning of one, experiment/variant/seed, or a bundle's file")
    .description(
      "Train a run again from what is stored and compare it bit by bit; exit code 0 only where it is the same",
    )
    .option("--steps <n>", "compare only so many training steps", wholeNumber("--steps", 1))
    .option("--epochs <n>", "compare only so many epochs", wholeNumber("--epochs", 1))
    .option("--data <path>", "where the images are now")
    .option("--anyway", "go on although code or data have changed, and past the first difference")
    .option("--trust-code", "run a bundle's own hooks too: code of whoever made it")
    .addHelpText("after", EXAMPLES);
  addEngineOptions(command).option("--json", "one JSON object, progress on standard error").action(reproduceCommand);
}

async function reproduceCommand(name: string, flags: ReproduceFlags): Promise<void> {
  const display = createDisplay(process.stderr);
  const work = isBundlePath(name) ? fromBundle : fromStore;
  const { run, lines, verdict } = await interruptible(
    (interrupt) => work(name, flags, { observer: display, interrupt }),
    display.close,
  );
  printVerdict({ run, lines, verdict, json: flags.json ?? false });
}

type Around = Pick<Workshop, "observer" | "interrupt">;

interface Outcome {
  readonly run: string;
  readonly lines: readonly VerdictLine[];
  readonly verdict: Verdict;
}

async function fromStore(name: string, flags: ReproduceFlags, around: Around): Promise<Outcome> {
  return withStore(async (store) => {
    const recorded = await readRecorded(store, await findRun(store, name));
    const weightsOf = () => storedWeights(recorded, { store, home: expHome() });
    const { hooks } = await storedHooks(recorded, "leave", around.observer.notice);
    const outcome = await reproduce(recorded, { weightsOf, hooks }, flags, around);
    await saveVerdict(store, outcome.run, { kind: "reproduce", verdict: outcome.verdict, details: outcome.lines });
    return outcome;
  }, around.observer.notice);
}

async function fromBundle(path: string, flags: ReproduceFlags, around: Around): Promise<Outcome> {
  const { recorded, initialWeights } = await openBundle(path);
  const weightsOf = async () => bundledWeights(recorded, await initialWeights());
  if (!flags.trustCode) return reproduce(recorded, { weightsOf, hooks: null }, flags, around);
  const { hooks, release } = await storedHooks(recorded, "trust", around.observer.notice);
  return reproduce(recorded, { weightsOf, hooks }, flags, around).finally(release);
}

/** Found where the run is from. */
interface Origin {
  readonly weightsOf: () => Promise<WeightsOrigin>;
  /** Null: not called. */
  readonly hooks: Hooks | null;
}

async function reproduce(
  recorded: Recorded,
  { weightsOf, hooks }: Origin,
  flags: ReproduceFlags,
  around: Around,
): Promise<Outcome> {
  const workshop = await openWorkshop(engineOf(flags, recorded.run.engine), around);
  const source = flags.data === undefined ? null : sourceFromPath(flags.data);
  const { steps = null, epochs = null, anyway = false } = flags;
  const options = { source, steps, epochs, anyway, hooks };
  try {
    const lines = await reproduceRun(recorded, options, workshop, weightsOf);
    return { run: recorded.run.runId, lines, verdict: verdictOf(lines) };
  } finally {
    await workshop.close();
  }
}
