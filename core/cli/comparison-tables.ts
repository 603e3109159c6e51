// A comparison on the terminal: metrics with their differences to A, the pair's matrices and tests, what differs.
import pc from "picocolors";
import { differingProvenance, differingSettings, type DifferingRow } from "../../dashboard/comparison/differences.ts";
import { metricOf } from "../../dashboard/comparison/over-seeds.ts";
import { pairSentence, pairWarnings, seedSentence } from "../../dashboard/comparison/sentences.ts";
import { difference } from "../../dashboard/confusion.ts";
import { metric, pValue, setting, short, signed } from "../../dashboard/format.ts";
import { METRIC_CHOICES } from "../../dashboard/metric-names.ts";
import type { RunDetail } from "../../dashboard/queries/runs.ts";
import { METRIC_TITLES } from "../../dashboard/statistics/metrics.ts";
import type { CompareProps } from "../../dashboard/views/compare/page.tsx";
import { seedText } from "../store/seed-text.ts";
import { printConfusion } from "./confusion-table.ts";
import { printTable } from "./output.ts";

type Pair = NonNullable<CompareProps["pair"]>;

export function printComparison({ state, runs, tests, pair }: CompareProps): void {
  if (pair === null) return;
  const against = new Map(tests.map((test) => [test.runId, test]));
  title(`Metrics of ${state.of}, and the difference to A`);
  printTable(
    ["", "run", "id", ...METRIC_CHOICES.map(({ title: name }) => name), "p against A", "Holm"],
    runs.map((run) => [
      run === pair.a ? "A" : run === pair.b ? "B" : "",
      nameOf(run) + (run.status === "done" ? "" : ` (${run.status})`),
      short(run.runId),
      ...METRIC_CHOICES.map(({ key }) => metricCell(run, pair.a, key)),
      pValue(against.get(run.runId)?.p),
      pValue(against.get(run.runId)?.adjusted),
    ]),
  );
  printPair(pair, runs.length - 1);
  printOverSeeds(pair);
  printDifferences("Settings that differ", runs, differingSettings(runs));
  printDifferences("Provenance that differs", runs, differingProvenance(runs));
}

/** "0.750 −0.050" */
function metricCell(run: RunDetail, base: RunDetail, key: string): string {
  const [value, other] = [metricOf(run, key), metricOf(base, key)];
  return run === base || value === null || other === null ? metric(value) : `${metric(value)} ${signed(value - other)}`;
}

function printPair({ a, b, countsA, countsB, comparison, unpaired }: Pair, pairsCompared: number): void {
  if (countsA !== null) printConfusion(`A: ${nameOf(a)}`, a.classes ?? [], countsA);
  if (countsB !== null) printConfusion(`B: ${nameOf(b)}`, b.classes ?? [], countsB);
  if (unpaired !== null || comparison === null) {
    warn([
      `${unpaired ?? ""} They can be set side by side, but paired tests would compare different images and are not shown.`,
    ]);
    return;
  }
  if (countsA !== null && countsB !== null) {
    const changes = difference(countsA, countsB).map((row) => row.map((n) => (n > 0 ? `+${n}` : String(n))));
    printConfusion("B − A", a.classes ?? [], changes);
  }
  const { counts, mcnemarP, deLong, differences } = comparison;
  title("Is B different from A on these images?");
  process.stdout.write(`${pairSentence(comparison)}\n`);
  warn(pairWarnings(comparison, pairsCompared));
  printTable(
    ["metric", "A", "B", "B − A", "95 % interval"],
    differences.map((one) => [
      METRIC_TITLES[one.metric],
      metric(one.a),
      metric(one.b),
      signed(one.difference),
      interval(one.low95, one.high95),
    ]),
  );
  process.stdout.write(
    `both right ${counts["both right"]}, only A right ${counts.broken}, only B right ${counts.fixed}, both wrong ${counts["both wrong"]}; ` +
      `McNemar mid-p ${pValue(mcnemarP)}, DeLong p (AUC) ${pValue(deLong?.p)}\n`,
  );
}

function printOverSeeds({ overSeeds }: Pair): void {
  const main = overSeeds[0];
  if (main === undefined) return;
  title("Would it last over new trainings?");
  process.stdout.write(`${seedSentence(main.result, main.title)}\n`);
  printTable(
    ["metric", "seeds", "mean B − A", "95 % interval", "p"],
    overSeeds.map(({ title: name, result }) => [
      ...[name, result.n, signed(result.mean), interval(result.low95, result.high95)],
      pValue(result.p),
    ]),
  );
}

/** Terminals are narrow. */
const MOST_COLUMNS = 8;

function printDifferences(name: string, runs: readonly RunDetail[], rows: readonly DifferingRow[]): void {
  title(name);
  if (rows.length === 0) process.stdout.write("none\n");
  else
    printTable(
      ["key", ...runs.slice(0, MOST_COLUMNS).map(nameOf)],
      rows.map(({ key, values }) => [
        key,
        ...values.slice(0, MOST_COLUMNS).map((value) => setting(value).slice(0, 40)),
      ]),
    );
  if (rows.length > 0 && runs.length > MOST_COLUMNS)
    process.stdout.write(`The first ${MOST_COLUMNS} of ${runs.length} runs; --json has all.\n`);
}

function interval(low: number | null, high: number | null): string {
  return low === null ? "–" : `${signed(low)} to ${signed(high)}`;
}

function warn(texts: readonly string[]): void {
  for (const text of texts) process.stdout.write(`${pc.yellow("note")}: ${text}\n`);
}

function title(text: string): void {
  process.stdout.write(`\n${pc.bold(text)}\n`);
}

function nameOf(run: RunDetail): string {
  return `${run.variant}/${seedText(run)}`;
}
