// A comparison as one JSON object: the numbers of the compare page, unrounded.
import { differingProvenance, differingSettings } from "../../dashboard/comparison/differences.ts";
import { metricOf } from "../../dashboard/comparison/over-seeds.ts";
import { pairSentence, pairWarnings, seedSentence } from "../../dashboard/comparison/sentences.ts";
import { difference } from "../../dashboard/confusion.ts";
import { METRIC_CHOICES } from "../../dashboard/metric-names.ts";
import type { CompareProps } from "../../dashboard/views/compare/page.tsx";

export function comparisonJson({ state, runs, tests, scores, pair }: CompareProps): object {
  return {
    phase: state.of,
    runs: runs.map((run) => ({
      run: run.runId,
      experiment: run.experiment,
      variant: run.variant,
      seed: run.seed,
      fold: run.fold,
      status: run.status,
      digest: run.digest,
      metrics: Object.fromEntries(METRIC_CHOICES.map(({ key }) => [key, metricOf(run, key)])),
      scores: withoutId(scores.find(({ runId }) => runId === run.runId)),
      againstA: withoutId(tests.find(({ runId }) => runId === run.runId)),
    })),
    pair: pair === null ? null : pairJson(pair, runs.length - 1),
    differences: { settings: differingSettings(runs), provenance: differingProvenance(runs) },
  };
}

function pairJson(pair: NonNullable<CompareProps["pair"]>, pairsCompared: number): object {
  const { a, b, countsA, countsB, comparison, unpaired, overSeeds } = pair;
  return {
    a: a.runId,
    b: b.runId,
    unpaired,
    confusion: {
      classes: a.classes,
      a: countsA,
      b: countsB,
      difference: comparison === null || countsA === null || countsB === null ? null : difference(countsA, countsB),
    },
    samples: comparison?.samples.length ?? null,
    counts: comparison?.counts ?? null,
    mcnemarP: comparison?.mcnemarP ?? null,
    deLong: comparison?.deLong ?? null,
    differences: comparison?.differences ?? null,
    sentence: comparison === null ? null : pairSentence(comparison),
    warnings: comparison === null ? [] : pairWarnings(comparison, pairsCompared),
    overSeeds: overSeeds.map(({ metric, title, result }) => ({
      metric,
      ...result,
      sentence: seedSentence(result, title),
    })),
  };
}

/** Null where the run has none. */
function withoutId(row: { readonly runId: string } | undefined): object | null {
  if (row === undefined) return null;
  const { runId: _, ...rest } = row;
  return rest;
}
