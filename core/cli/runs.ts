// exp runs: the latest runs, one a row.
import { Option, type Command } from "commander";
import pc from "picocolors";
import { listRuns, type RunRow } from "../store/index.ts";
import { importedFrom, kindText, type RunKind } from "../store/kind-text.ts";
import { seedText } from "../store/seed-text.ts";
import { wholeNumber } from "./flags.ts";
import { printJson, printTable } from "./output.ts";
import { withStore } from "./with-store.ts";

interface RunsFlags {
  readonly experiment?: string;
  readonly variant?: string;
  readonly project?: string;
  readonly status?: string;
  readonly limit: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  exp runs
  exp runs --experiment frozen-backbone --status done
  exp runs --json | jq .run`;

const STATUSES = ["queued", "running", "done", "failed", "interrupted", "paused", "pruned", "lost"];

export function registerRunsCommands(program: Command): void {
  program
    .command("runs")
    .description("List runs, the latest first")
    .option("--experiment <name>", "only of this experiment")
    .option("--variant <name>", "only of this variant")
    .option("--project <name>", "only of this project")
    .addOption(new Option("--status <status>", "only with this status").choices(STATUSES))
    .option("--limit <n>", "at most so many", wholeNumber("--limit", 1), 50)
    .option("--all", "archived ones too")
    .option("--json", "one JSON object a run")
    .addHelpText("after", EXAMPLES)
    .action(printRuns);
}

async function printRuns(flags: RunsFlags): Promise<void> {
  const { experiment, variant, project, status } = flags;
  return withStore(async (store) => {
    const filter = { experiment, variant, project, status: status === undefined ? undefined : [status] };
    const runs = await listRuns(store, filter, { limit: flags.limit, archived: flags.all === true });
    if (flags.json) for (const run of runs) printJson(asJson(run));
    else if (runs.length === 0)
      process.stdout.write("No run yet. exp run experiments/frozen-backbone.ts makes some.\n");
    else printTable(HEAD, runs.map(cells));
  });
}

const HEAD = [
  "run",
  "experiment",
  "variant",
  "seed",
  "status",
  "began",
  "time",
  "val loss",
  "accuracy",
  "precision",
  "recall",
  "f1",
  "auc",
  "digest",
];

function cells(run: RunRow): string[] {
  const metrics = [run.valLoss, run.testAccuracy, run.testPrecision, run.testRecall, run.testF1, run.testAuc];
  const began = (run.startedAt ?? run.createdAt).toISOString().slice(0, 16).replace("T", " ");
  const marks = [kindText(kindOf(run)), run.archivedAt === null ? null : "archived"].filter((mark) => mark !== null);
  return [
    run.runId.slice(0, 8),
    run.experiment + marks.map((mark) => pc.dim(` · ${mark}`)).join(""),
    run.variant,
    seedText(run),
    run.status === "done" ? run.status : pc.yellow(run.status),
    began,
    duration(run),
    ...metrics.map((value) => (value === null ? "-" : value.toFixed(3))),
    run.digest?.slice(0, 8) ?? "-",
  ];
}

const kindOf = ({ kind, provenance }: RunRow): RunKind => ({ kind, importedFrom: importedFrom(provenance) });

/** "1:05:09", "5:09", or "-" where it has not ended. */
function duration({ startedAt, endedAt }: RunRow): string {
  if (startedAt === null || endedAt === null) return "-";
  const seconds = Math.round((endedAt.getTime() - startedAt.getTime()) / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The names of `exp run --json`, and what a list is filtered by. */
function asJson(run: RunRow): object {
  const { runId, testLoss, testAccuracy, testPrecision, testRecall, testF1, testAuc } = run;
  const test = {
    loss: testLoss,
    accuracy: testAccuracy,
    precision: testPrecision,
    recall: testRecall,
    f1: testF1,
    auc: testAuc,
  };
  return {
    run: runId,
    project: run.project,
    experiment: run.experiment,
    variant: run.variant,
    seed: run.seed,
    fold: run.fold,
    ...kindOf(run),
    status: run.status,
    digest: run.digest,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    bestEpoch: run.bestEpoch,
    valLoss: run.valLoss,
    test: testLoss === null ? null : test,
    tags: run.tags,
    archived: run.archivedAt !== null,
  };
}
