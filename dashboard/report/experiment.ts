// What a report says of an experiment, a part for each data set it was run on: means over seeds, matrices, tests against the first variant.
import { compareOverSeeds, metricOf, type SeedComparison } from "../comparison/over-seeds.ts";
import type { Counts } from "../confusion.ts";
import { METRIC_CHOICES, metricChoice } from "../metric-names.ts";
import { readDiscordances, readFinalConfusions } from "../queries/compare.ts";
import { readExperiments, type ExperimentGrid, type GridVariant } from "../queries/experiments.ts";
import { findRuns, type RunDetail } from "../queries/runs.ts";
import { readRunScores, SCORES, type RunScores } from "../queries/scores.ts";
import type { Sql } from "../sql.ts";
import { holm } from "../statistics/holm.ts";
import { meanInterval, type Interval } from "../statistics/interval.ts";
import { mcnemarMidP } from "../statistics/mcnemar.ts";

export interface ExperimentReport {
  readonly name: string;
  /** The docstring of its file. */
  readonly question: string | null;
  readonly madeAt: Date;
  readonly parts: readonly ReportPart[];
}

/** One data set. */
export interface ReportPart {
  readonly grid: ExperimentGrid;
  /** Of every status, by variant and seed. */
  readonly runs: readonly RunDetail[];
  readonly variants: readonly ReportVariant[];
  readonly overSeeds: readonly VariantTest[];
  readonly onSamples: readonly SampleTest[];
}

export interface ReportVariant {
  readonly name: string;
  /** Finished ones. */
  readonly runs: readonly RunDetail[];
  /** By key of METRIC_CHOICES and SCORES. */
  readonly intervals: ReadonlyMap<string, Interval | null>;
  /** Test samples of all finished runs together; null where none has any. */
  readonly confusion: Counts | null;
}

/** A variant against the first one over their common seeds. */
export interface VariantTest {
  readonly variant: string;
  readonly result: SeedComparison;
  /** After Holm's correction over the variants, for this metric. */
  readonly adjusted: number | null;
}

/** A run against the first variant's run of the same seed, on the same test samples. */
export interface SampleTest {
  readonly run: RunDetail;
  readonly onlyFirst: number;
  readonly onlyRun: number;
  /** Null: their test sets differ. */
  readonly p: number | null;
  /** After Holm's correction over all rows. */
  readonly adjusted: number | null;
}

/** Null where no such experiment has runs. */
export async function readExperimentReport(sql: Sql, name: string, madeAt: Date): Promise<ExperimentReport | null> {
  const grids = await readExperiments(sql, metricChoice("test_accuracy"), { only: name });
  if (grids.length === 0) return null;
  const [row] = await sql<{ question: string | null }[]>`
    select question from experiments where experiment = ${name} order by created_at desc limit 1`;
  const parts = await Promise.all(grids.map((grid) => readPart(sql, grid)));
  return { name, question: row?.question ?? null, madeAt, parts };
}

async function readPart(sql: Sql, grid: ExperimentGrid): Promise<ReportPart> {
  const runs = await findRuns(
    sql,
    grid.variants.flatMap((variant) => variant.runs.map(({ id }) => id)),
  );
  const done = runs.filter((run) => run.status === "done");
  const ids = done.map(({ runId }) => runId);
  const classCount = Math.max(0, ...done.map((run) => run.classes?.length ?? 0));
  const [scores, confusions] = await Promise.all([
    readRunScores(sql, ids, "test"),
    readFinalConfusions(sql, ids, "test", classCount),
  ]);
  const variants = grid.variants.map((variant) => variantOf(variant, { done, scores, confusions }));
  return {
    grid,
    runs,
    variants,
    overSeeds: testOverSeeds(variants, done),
    onSamples: await testOnSamples(sql, variants),
  };
}

interface Read {
  readonly done: readonly RunDetail[];
  readonly scores: readonly RunScores[];
  readonly confusions: ReadonlyMap<string, Counts>;
}

function variantOf({ name }: GridVariant, { done, scores, confusions }: Read): ReportVariant {
  const runs = done.filter((run) => run.variant === name);
  const own = scores.filter(({ runId }) => runs.some((run) => run.runId === runId));
  const mean = (values: readonly (number | null)[]) => meanInterval(values.filter((value) => value !== null));
  const intervals = new Map([
    ...METRIC_CHOICES.map(({ key }) => [key, mean(runs.map((run) => metricOf(run, key)))] as const),
    ...SCORES.map(([key]) => [key, mean(own.map((row) => row[key]))] as const),
  ]);
  const matrices = runs.map(({ runId }) => confusions.get(runId)).filter((one) => one !== undefined);
  return { name, runs, intervals, confusion: sum(matrices) };
}

function testOverSeeds(variants: readonly ReportVariant[], done: readonly RunDetail[]): VariantTest[] {
  const [first, ...others] = variants;
  const baseline = first?.runs[0];
  if (baseline === undefined) return [];
  const found = others.flatMap(({ name, runs: [run] }) =>
    run === undefined
      ? []
      : compareOverSeeds(done, baseline, run).map((result) => ({ variant: name, result, adjusted: null })),
  );
  return METRIC_CHOICES.flatMap(({ key }) =>
    withHolm(
      found.filter(({ result }) => result.metric === key),
      ({ result }) => result.result.p,
    ),
  );
}

async function testOnSamples(sql: Sql, variants: readonly ReportVariant[]): Promise<SampleTest[]> {
  const [first, ...others] = variants;
  const tests = await Promise.all(
    (first?.runs ?? []).map(async (baseline) => {
      const runs = others.flatMap((variant) =>
        variant.runs.filter((run) => run.seed === baseline.seed && run.fold === baseline.fold),
      );
      const ids = runs.map(({ runId }) => runId);
      const rows = await readDiscordances(sql, baseline.runId, ids, "test");
      return runs.map((run): SampleTest => {
        const row = rows.find(({ runId }) => runId === run.runId);
        const same = row !== undefined && row.shared === baseline.testSamples && row.shared === run.testSamples;
        const [onlyFirst, onlyRun] = [row?.onlyBaseline ?? 0, row?.onlyRun ?? 0];
        return { run, onlyFirst, onlyRun, p: same ? mcnemarMidP(onlyFirst, onlyRun) : null, adjusted: null };
      });
    }),
  );
  return withHolm(tests.flat(), ({ p }) => p);
}

/** Null p values stay out of the correction. */
function withHolm<T>(tests: readonly T[], pOf: (test: T) => number | null): T[] {
  const known = tests.filter((test) => pOf(test) !== null);
  const adjusted = holm(known.map((test) => pOf(test) as number));
  return tests.map((test) => (known.includes(test) ? { ...test, adjusted: adjusted[known.indexOf(test)] } : test));
}

function sum(matrices: readonly Counts[]): Counts | null {
  const [first, ...rest] = matrices;
  if (first === undefined) return null;
  return rest.reduce((total, one) => total.map((row, i) => row.map((n, j) => n + (one[i]?.[j] ?? 0))), first);
}
