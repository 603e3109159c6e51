// The end of `exp run`: a row per variant, mean and 95 % interval over seeds, and the runs' digests.
import pc from "picocolors";
import { meanInterval } from "../../dashboard/statistics/interval.ts";
import type { RunSummary } from "../run/observer.ts";
import { seedText } from "../store/seed-text.ts";
import { printTable } from "./output.ts";

const METRICS = ["accuracy", "precision", "recall", "f1", "auc"] as const;

export function printResult(runs: readonly RunSummary[]): void {
  const variants = [...new Set(runs.map((run) => run.variant))];
  const over = runs.some(({ fold }) => fold !== null) ? "runs" : "seeds";
  const what = over === "runs" ? "seeds and folds" : "seeds";
  process.stdout.write(`\nTest metrics: mean ± 95 % interval over ${what}\n`);
  printTable(
    ["variant", over, ...METRICS],
    variants.map((variant) => variantRow(variant, runs)),
  );
  process.stdout.write("\n");
  printTable(["run", "variant/seed", "status", "digest"], runs.map(runRow));
}

function variantRow(variant: string, runs: readonly RunSummary[]): string[] {
  const done = runs.filter((run) => run.variant === variant && run.status === "done");
  return [variant, String(done.length), ...METRICS.map((metric) => cell(done, metric))];
}

/** "0.874 ± 0.031"; no interval for one seed, "-" where the metric is undefined for all. */
function cell(done: readonly RunSummary[], metric: (typeof METRICS)[number]): string {
  const values = done.map((run) => run.test?.[metric] ?? null).filter((value) => value !== null);
  const interval = meanInterval(values);
  if (interval === null) return "-";
  const half = interval.high95 === null ? "" : ` ± ${(interval.high95 - interval.mean).toFixed(3)}`;
  return interval.mean.toFixed(3) + half;
}

function runRow({ run, variant, status, digest, ...position }: RunSummary): string[] {
  return [run, `${variant}/${seedText(position)}`, status === "done" ? status : pc.yellow(status), digest ?? "-"];
}
