// A report's numbers as tables of text, the same for HTML, LaTeX and Markdown.
import { seedText } from "../../core/store/seed-text.ts";
import { differingSettings, provenanceOf } from "../comparison/differences.ts";
import { DASH, metric, pValue, setting, signed } from "../format.ts";
import { METRIC_CHOICES } from "../metric-names.ts";
import type { RunDetail } from "../queries/runs.ts";
import { SCORES } from "../queries/scores.ts";
import type { Interval } from "../statistics/interval.ts";
import type { ReportPart, ReportVariant } from "./experiment.ts";

export interface ReportTable {
  readonly id: string;
  readonly title: string;
  /** How many of the first columns name a row. */
  readonly keys: number;
  /** Whether rows and columns may change places where it is too wide. */
  readonly turns?: boolean;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly note: string | null;
}

/** Results and tests. */
export function resultTables(part: ReportPart): ReportTable[] {
  return [results(part), scores(part), overSeeds(part), onSamples(part)].filter(({ rows }) => rows.length > 0);
}

/** Where the numbers come from. */
export function originTables(part: ReportPart): ReportTable[] {
  return [settings(part), provenance(part), digests(part)].filter(({ rows }) => rows.length > 0);
}

/** Of each variant, for the forms that have no drawing of it. */
export function confusionTables({ variants }: ReportPart): ReportTable[] {
  return variants.flatMap(({ name, runs, confusion }) => {
    if (confusion === null) return [];
    const classes = runs[0]?.classes ?? [];
    return {
      id: `confusion-${name}`,
      keys: 1,
      title: confusionTitle({ name, runs }),
      head: ["true \\ predicted", ...classes],
      rows: confusion.map((row, i) => [classes[i] ?? String(i), ...row.map(String)]),
      note: null,
    };
  });
}

export function confusionTitle({ name, runs }: Pick<ReportVariant, "name" | "runs">): string {
  return `${name}, test samples of ${runs.length} ${runs.length === 1 ? "run" : "runs"} together`;
}

/** What is missing or weak, one line each. */
export function weaknesses({ grid, variants }: ReportPart): string[] {
  const single = variants.filter(({ runs }) => runs.length === 1).map(({ name }) => name);
  return [
    grid.smoke && "Smoke runs: cut down to a few steps, no result.",
    grid.simulated && "Simulated data: the images are drawn by a program, not taken from patients.",
    grid.finished === 0 && "No run has finished: there are no numbers yet.",
    grid.failed > 0 && `${grid.failed} failed, lost or interrupted; their seeds are not in the means.`,
    grid.missing > 0 && `${grid.missing} missing: not every variant was run with every seed.`,
    single.length > 0 && `One run only, so no interval: ${single.join(", ")}.`,
  ].filter((text) => text !== false);
}

/** "0.812 ± 0.031"; the mean alone for one run. */
export function meanText(interval: Interval | null | undefined): string {
  if (interval === null || interval === undefined) return DASH;
  const half = interval.high95 === null ? "" : ` ± ${metric(interval.high95 - interval.mean)}`;
  return metric(interval.mean) + half;
}

function results({ variants, grid }: ReportPart): ReportTable {
  const over = grid.seeds.some(({ fold }) => fold !== null) ? "seeds and folds" : "seeds";
  return {
    id: "results",
    keys: 1,
    turns: true,
    title: "Test metrics",
    head: ["variant", "runs", ...METRIC_CHOICES.map(({ title }) => title)],
    rows: variants.map(({ name, runs, intervals }) => [
      name,
      String(runs.length),
      ...METRIC_CHOICES.map(({ key }) => meanText(intervals.get(key))),
    ]),
    note: `Mean ± half of the 95 % interval by Student's t over ${over}.`,
  };
}

function scores({ variants }: ReportPart): ReportTable {
  const known = SCORES.filter(([key]) => variants.some(({ intervals }) => (intervals.get(key) ?? null) !== null));
  return {
    id: "scores",
    keys: 1,
    turns: true,
    title: "Further scores on the test set",
    head: ["variant", ...known.map(([, title]) => title)],
    rows:
      known.length === 0
        ? []
        : variants.map(({ name, intervals }) => [name, ...known.map(([key]) => meanText(intervals.get(key)))]),
    note: "Mean ± half of the 95 % interval, as above.",
  };
}

function overSeeds({ overSeeds: tests, variants }: ReportPart): ReportTable {
  return {
    id: "over-seeds",
    keys: 2,
    title: `Would it last over new trainings? Each variant against ${variants[0]?.name ?? ""}`,
    head: ["metric", "variant", "pairs", "mean difference", "95 % interval", "p", "Holm"],
    rows: tests.map(({ variant, adjusted, result: { title, result } }) => [
      ...[title, variant, String(result.n), signed(result.mean)],
      result.low95 === null ? DASH : `${signed(result.low95)} to ${signed(result.high95)}`,
      ...[pValue(result.p), pValue(adjusted)],
    ]),
    note: "Differences are taken seed by seed; Student's t on them. Holm corrects each metric's p for the number of variants.",
  };
}

function onSamples({ onSamples: tests, variants }: ReportPart): ReportTable {
  const differ = tests.some(({ p }) => p === null);
  return {
    id: "on-samples",
    keys: 2,
    title: `The same test images, seed by seed, against ${variants[0]?.name ?? ""}`,
    head: [
      "variant",
      "seed",
      `only ${variants[0]?.name ?? ""} right`,
      "only the variant right",
      "McNemar mid-p",
      "Holm",
    ],
    rows: tests.map(({ run, onlyFirst, onlyRun, p, adjusted }) => [
      ...[run.variant, seedText(run)],
      ...(p === null ? ["test sets differ", "test sets differ"] : [String(onlyFirst), String(onlyRun)]),
      ...[pValue(p), pValue(adjusted)],
    ]),
    note:
      "Each row holds for these two trained networks, not for new trainings of their variants; Holm corrects for the number of rows." +
      (differ ? " Where the test sets differ, no paired test is made." : ""),
  };
}

function settings({ runs, variants }: ReportPart): ReportTable {
  const firsts = variants
    .map(({ name }) => runs.find((run) => run.variant === name))
    .filter((run) => run !== undefined);
  return {
    id: "settings",
    keys: 1,
    turns: true,
    title: "Settings in which the variants differ",
    head: ["setting", ...firsts.map(({ variant }) => variant)],
    rows: differingSettings(firsts).map(({ key, values }) => [key, ...values.map(setting)]),
    note: null,
  };
}

/** What the compare page says of a run elsewhere. */
function origin({ packageVersion, os, datasetName }: RunDetail): [string, unknown][] {
  return [
    ["Lockstep", packageVersion],
    ["OS", os],
    ["data", datasetName],
  ];
}

/** Each fact once, with all its values; the seed is in the table of runs. */
function provenance({ runs }: ReportPart): ReportTable {
  const facts = new Map<string, Set<string>>();
  for (const run of runs)
    for (const [key, value] of [...origin(run), ...provenanceOf(run)])
      if (key !== "seed") facts.set(key, (facts.get(key) ?? new Set<string>()).add(setting(value)));
  return {
    id: "provenance",
    keys: 1,
    title: "Provenance",
    head: ["what", "value"],
    rows: [...facts].map(([key, values]) => [key, [...values].join("; ")]),
    note: runs.length > 0 ? "Several values are of several runs; exp show RUN tells which." : null,
  };
}

function digests({ runs }: ReportPart): ReportTable {
  return {
    id: "digests",
    keys: 2,
    title: "Runs and their digests",
    head: ["variant", "seed", "status", "test accuracy", "run", "digest"],
    rows: runs.map((run) => [
      ...[run.variant, seedText(run), run.status, metric(run.testAccuracy)],
      ...[run.runId, run.digest ?? DASH],
    ]),
    note: "Equal digests mean equal bits: exp reproduce RUN trains a run again and compares.",
  };
}
