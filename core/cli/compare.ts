// exp compare A B: what the dashboard's compare page says, on the terminal, as JSON, or as one HTML file.
import type { Command } from "commander";
import type { CompareProps } from "../../dashboard/views/compare/page.tsx";
import { LockstepError } from "../errors.ts";
import { findRun, readEvaluations, type Store } from "../store/index.ts";
import { printJson } from "./output.ts";
import { comparisonJson } from "./comparison-json.ts";
import { printComparison } from "./comparison-tables.ts";
import { writeFileFor } from "./write-file.ts";
import { withStore } from "./with-store.ts";

interface CompareFlags {
  readonly html?: string;
  readonly group: string;
  readonly of: string;
  readonly json?: boolean;
}

const EXAMPLES = `
The first run is A, the second B: these two are tested on their shared test samples, and their variants over the seeds named here.
Every further run is set against A. The HTML file holds curves, matrices and tests by itself: no script, nothing is fetched.

Examples:
  exp compare frozen-backbone/frozen/0 frozen-backbone/unfrozen/0
  exp compare 3f2a 77c0 91bd --html compare.html
  exp compare 3f2a 77c0 91bd e014 --html compare.html --group variant
  exp compare 3f2a 77c0 --json | jq .pair.mcnemarP`;

export function registerCompareCommand(program: Command): void {
  program
    .command("compare")
    .argument("<runs...>", "two or more: id, a unique beginning of one, or experiment/variant/seed (the latest done)")
    .description("Compare runs: metrics, matrices, paired tests, what differs between them")
    .option("--html <file>", "write one HTML file with all of it")
    .option("--group <key>", "one curve a run, variant, experiment, seed, dataset or config.KEY in the file", "run")
    .option("--of <phase>", "compare an evaluation on other data (exp evaluate), such as external:1f0c", "test")
    .option("--json", "one JSON object")
    .addHelpText("after", EXAMPLES)
    .action(compare);
}

async function compare(names: readonly string[], flags: CompareFlags): Promise<void> {
  return withStore(async (store) => {
    const comparison = await comparisonOf(store, names, flags);
    if (flags.html !== undefined) {
      const { comparisonFile } = await import("../../dashboard/report/comparison-file.tsx");
      await writeFileFor("compare", flags.html, await comparisonFile(store.sql, comparison, new Date()));
    }
    if (flags.json) printJson(comparisonJson(comparison));
    else if (flags.html !== undefined) process.stdout.write(`${flags.html}\n`);
    else printComparison(comparison);
  });
}

async function comparisonOf(store: Store, names: readonly string[], flags: CompareFlags): Promise<CompareProps> {
  const { readComparison } = await import("../../dashboard/comparison/read.ts");
  const runs = [...new Set((await findAll(store, names)).map(({ runId }) => runId))];
  if (runs.length < 2) throw tooFew(names);
  if (flags.of !== "test") await checkPhase(store, runs, flags.of);
  const [a, b] = runs as [string, string];
  return readComparison(store.sql, { runs, q: "", group: flags.group, a, b, cell: null, of: flags.of });
}

async function findAll(store: Store, names: readonly string[]) {
  return Promise.all(names.map((name) => findRun(store, name)));
}

function tooFew(names: readonly string[]): LockstepError {
  const same = names.length > 1 ? "these names are all of one run" : "one run is named";
  return new LockstepError({
    code: "usage",
    message: `compare: ${same} (${names.join(", ")}), expected two or more.`,
    next: "exp runs lists them; exp compare A B takes ids or experiment/variant/seed.",
  });
}

async function checkPhase(store: Store, runs: readonly string[], phase: string): Promise<void> {
  const known = (await Promise.all(runs.map((run) => readEvaluations(store, run)))).flat().map((one) => one.phase);
  if (known.includes(phase as (typeof known)[number])) return;
  const others = known.length === 0 ? "they have none" : `they have ${[...new Set(known)].join(", ")}`;
  throw new LockstepError({
    code: "usage",
    message: `compare: no run of these was evaluated as "${phase}": ${others}.`,
    next: "exp evaluate RUN --data FOLDER makes one.",
  });
}
