// exp report EXPERIMENT: its variants over all seeds as one HTML file, as LaTeX or Markdown tables, or on the terminal.
import { extname } from "node:path";
import type { Command } from "commander";
import type { ExperimentReport } from "../../dashboard/report/experiment.ts";
import { LockstepError } from "../errors.ts";
import { suggestion } from "../experiment/nearest.ts";
import { type Store } from "../store/index.ts";
import { repeated } from "./flags.ts";
import { writeFileFor } from "./write-file.ts";
import { withStore } from "./with-store.ts";

const EXAMPLES = `
Runs are those of the experiments page: of each variant the newest settings, of each seed the latest finished run. Without -o the
Markdown is printed. LaTeX tables need \\usepackage{booktabs}. The HTML file holds everything itself: no script, nothing is fetched.

Examples:
  exp report frozen-backbone -o report.html
  exp report frozen-backbone -o report.tex -o report.md
  exp report frozen-backbone | less`;

export function registerReportCommand(program: Command): void {
  program
    .command("report")
    .argument("<experiment>", "its name, see exp runs")
    .description("Write up an experiment: means with intervals, curves, matrices, tests, provenance, digests")
    .option("-o, --output <file>", "a .html, .tex or .md file; may be given several times", repeated, [])
    .addHelpText("after", EXAMPLES)
    .action(report);
}

type Writer = (store: Store, report: ExperimentReport) => Promise<string>;

const markdown: Writer = async (_, report) => (await import("../../dashboard/report/markdown.ts")).asMarkdown(report);

const WRITERS: Readonly<Record<string, Writer>> = {
  ".html": async (store, report) =>
    (await import("../../dashboard/report/experiment-file.tsx")).experimentFile(store.sql, report),
  ".tex": async (_, report) => (await import("../../dashboard/report/latex.ts")).asLatex(report),
  ".md": markdown,
};

async function report(name: string, { output }: { readonly output: readonly string[] }): Promise<void> {
  const files = output.map((file) => ({ file, write: writerOf(file) }));
  return withStore(async (store) => {
    const { readExperimentReport } = await import("../../dashboard/report/experiment.ts");
    const found = await readExperimentReport(store.sql, name, new Date());
    if (found === null) throw await unknownExperiment(store, name);
    for (const { file, write } of files) {
      await writeFileFor("report", file, await write(store, found));
      process.stdout.write(`${file}\n`);
    }
    if (files.length === 0) process.stdout.write(await markdown(store, found));
  });
}

function writerOf(file: string): Writer {
  const write = WRITERS[extname(file).toLowerCase()];
  if (write !== undefined) return write;
  throw new LockstepError({
    code: "usage",
    message: `report: "${file}" ends in none of ${Object.keys(WRITERS).join(", ")}, which say what is written.`,
    next: "Such as -o report.html.",
  });
}

async function unknownExperiment(store: Store, name: string): Promise<LockstepError> {
  const rows = await store.sql<{ experiment: string }[]>`
    select experiment from runs where deleted_at is null and archived_at is null
    group by experiment order by max(created_at) desc`;
  const names = rows.map(({ experiment }) => experiment);
  return new LockstepError({
    code: "run-not-found",
    message: `report: no experiment "${name}" has runs.${suggestion(name, names)}`,
    next: names.length === 0 ? "exp run EXPERIMENT.ts makes some." : `There are: ${names.slice(0, 8).join(", ")}.`,
  });
}
