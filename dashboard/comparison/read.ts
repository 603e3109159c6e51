// What a comparison says, read once for the compare page, its file and the terminal: runs, groups, tests, one pair in depth.
import type { RunDetail } from "../queries/runs.ts";
import { filterRuns, findRuns } from "../queries/runs.ts";
import { parseFilter } from "../filter/parse.ts";
import { short } from "../format.ts";
import { readDiscordances, readFinalConfusions } from "../queries/compare.ts";
import { asEvaluated, readEvaluations } from "../queries/evaluations.ts";
import { readPredictions } from "../queries/outcomes.ts";
import { readRunScores } from "../queries/scores.ts";
import type { Sql } from "../sql.ts";
import { holm } from "../statistics/holm.ts";
import { mcnemarMidP } from "../statistics/mcnemar.ts";
import type { BaselineTest } from "../views/compare/metric-table.tsx";
import type { CompareProps } from "../views/compare/page.tsx";
import type { PairProps } from "../views/compare/pair.tsx";
import type { CompareState } from "../views/compare/state.ts";
import { comparisons } from "./cache.ts";
import { groupCurves, quantilesByCount } from "./groups.ts";
import { compareOverSeeds } from "./over-seeds.ts";
import { comparePair, whyUnpaired } from "./pair.ts";

export const MOST_COMPARED = 500;

/** All that the state asks for; its pair is the first two where it names none. */
export async function readComparison(sql: Sql, asked: CompareState): Promise<CompareProps> {
  const chosen = await chosenRuns(sql, asked);
  const ids = chosen.map((run) => run.runId);
  const evaluations = await readEvaluations(sql, ids);
  const inPhase = evaluations.filter(({ phase }) => phase === asked.of);
  const evaluationOf = (run: RunDetail) => inPhase.find(({ runId }) => runId === run.runId);
  const runs = asked.of === "test" ? chosen : chosen.map((run) => asEvaluated(run, evaluationOf(run)));
  const { a, b } = pairOf(runs, asked);
  const state = { ...asked, a: a === null ? null : short(a.runId), b: b === null ? null : short(b.runId) };
  const [pair, tests, scores] = await Promise.all([
    a === null || b === null ? null : readPair(sql, runs, { a, b, of: asked.of }),
    a === null ? [] : testAgainst(sql, runs, { a, of: asked.of }),
    readRunScores(sql, ids, asked.of),
  ]);
  const groups = groupCurves(runs, state.group);
  const quantiles = quantilesByCount(Math.max(0, ...groups.map((group) => group.runs.length)));
  return { state, runs, evaluations, groups, quantiles, tests, scores, pair, cut: runs.length === MOST_COMPARED };
}

/** Runs by their ids, or by a filter. */
export async function chosenRuns(sql: Sql, { runs, q }: { runs: readonly string[]; q: string }): Promise<RunDetail[]> {
  if (runs.length > 0) return findRuns(sql, runs, MOST_COMPARED);
  return q === "" ? [] : filterRuns(sql, parseFilter(q), MOST_COMPARED);
}

/** The pair that the address names; else the first run and the first of another variant (else the second). */
function pairOf(runs: readonly RunDetail[], { a, b }: CompareState): { a: RunDetail | null; b: RunDetail | null } {
  const named = (id: string | null) => runs.find((run) => id !== null && run.runId.startsWith(id));
  const done = runs.filter((run) => run.status === "done");
  const first = named(a) ?? done[0] ?? runs[0];
  if (first === undefined) return { a: null, b: null };
  const others = (done.length > 1 ? done : runs).filter((run) => run !== first);
  const partner =
    others.find(
      (run) => run.settingsHash !== first.settingsHash && run.seed === first.seed && run.fold === first.fold,
    ) ?? others[0];
  return { a: first, b: named(b) ?? partner ?? null };
}

async function readPair(
  sql: Sql,
  runs: readonly RunDetail[],
  { a, b, of }: { readonly a: RunDetail; readonly b: RunDetail; readonly of: string },
): Promise<Omit<PairProps, "state" | "runs">> {
  const classCount = Math.max(a.classes?.length ?? 0, b.classes?.length ?? 0);
  const [predictionsA, predictionsB, confusions] = await Promise.all([
    readPredictions(sql, a.runId, of),
    readPredictions(sql, b.runId, of),
    readFinalConfusions(sql, [a.runId, b.runId], of, classCount),
  ]);
  const unpaired = whyUnpaired(
    { datasetDigest: a.datasetDigest, predictions: predictionsA },
    { datasetDigest: b.datasetDigest, predictions: predictionsB },
  );
  const positive = (a.classes ?? []).indexOf(a.positiveClass ?? "");
  return {
    a,
    b,
    countsA: confusions.get(a.runId) ?? null,
    countsB: confusions.get(b.runId) ?? null,
    comparison:
      unpaired === null
        ? comparisons.of(a, b, () => comparePair(predictionsA, predictionsB, Math.max(0, positive)))
        : null,
    unpaired,
    overSeeds: compareOverSeeds(runs, a, b),
  };
}

/** McNemar's test of every run against A where they share all samples, with Holm's correction over these pairs. */
async function testAgainst(
  sql: Sql,
  runs: readonly RunDetail[],
  { a, of }: { readonly a: RunDetail; readonly of: string },
): Promise<BaselineTest[]> {
  const others = runs.filter((run) => run !== a).map((run) => run.runId);
  const rows = await readDiscordances(sql, a.runId, others, of);
  const same = rows.filter(({ runId, shared }) => {
    const run = runs.find((one) => one.runId === runId);
    return shared === a.testSamples && shared === run?.testSamples;
  });
  const p = same.map(({ onlyBaseline, onlyRun }) => mcnemarMidP(onlyBaseline, onlyRun));
  const adjusted = holm(p);
  return same.map(({ runId }, i) => ({ runId, p: p[i] as number, adjusted: adjusted[i] as number }));
}
