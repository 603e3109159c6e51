// The runs of a comparison in groups that share a curve: each run by itself, or by variant, experiment or a setting.
import { seedText } from "../../core/store/seed-text.ts";
import { datasetTitle, setting, short } from "../format.ts";
import type { RunDetail } from "../queries/runs.ts";
import { settingsOf } from "../settings.ts";
import { groupBy } from "../queries/experiments.ts";
import tQuantile from "@stdlib/stats-base-dists-t-quantile";

export interface CurveGroup {
  readonly label: string;
  /** Run ids. */
  readonly runs: readonly string[];
}

export const GROUPINGS = ["run", "variant", "experiment", "seed", "dataset"] as const;

/** @param by one of GROUPINGS or "config.KEY" */
export function groupCurves(runs: readonly RunDetail[], by: string): CurveGroup[] {
  if (by === "run") return runs.map((run) => ({ label: runLabel(run), runs: [run.runId] }));
  return [...groupBy(runs, (run) => groupValue(run, by))].map(([label, members]) => ({
    label: `${label} (${members.length})`,
    runs: members.map((run) => run.runId),
  }));
}

function groupValue(run: RunDetail, by: string): string {
  if (by.startsWith("config.")) {
    const key = by.replace(/^config\.(settings\.)?/, "");
    const value = settingsOf(run).find(([name]) => name === key)?.[1];
    return `${key} = ${setting(value)}`;
  }
  const values: Record<string, string> = {
    variant: run.variant,
    experiment: run.experiment,
    seed: `seed ${run.seed}`,
    dataset: datasetTitle(run.datasetName),
  };
  return values[by] ?? run.variant;
}

/** "frozen/0"; the experiment too where runs are of several. */
export function runLabel(run: RunDetail): string {
  return `${run.variant}/${seedText(run)} ${short(run.runId, 4)}`;
}

/** The 97.5 % quantile of Student's t for means of n values, by n; the band's width in the browser. */
export function quantilesByCount(most: number): number[] {
  return Array.from({ length: most + 1 }, (_, n) => (n < 2 ? 0 : tQuantile(0.975, n - 1)));
}
