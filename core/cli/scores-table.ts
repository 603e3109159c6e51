// What an evaluation's predictions say by class and over classes, on the terminal; "-" where a score is undefined.
import pc from "picocolors";
import type { ClassMetrics } from "../train/metrics.ts";
import { printTable } from "./output.ts";

/** @param title what it is of */
export function printScores(title: string, classes: readonly string[], scores: ClassMetrics): void {
  const { perClass, macro, weighted } = scores;
  process.stdout.write(`\n${pc.bold(title)} (each class against the rest)\n`);
  printTable(
    ["class", "samples", "precision", "recall", "f1", "auc", "average precision", "recall at specificity 0.9"],
    [
      ...perClass.map((one, k) => [
        classes[k] ?? String(k),
        one.support,
        ...[one.precision, one.recall, one.f1, one.auc, one.averagePrecision, one.sensitivityAtSpecificity].map(text),
      ]),
      ...Object.entries({ macro, weighted }).map(([name, mean]) => [
        `${name} mean`,
        "",
        ...[mean.precision, mean.recall, mean.f1, mean.auc].map(text),
        "",
        "",
      ]),
    ],
  );
  const over = {
    "balanced accuracy": scores.balancedAccuracy,
    "Matthews correlation": scores.matthewsCorrelation,
    "Cohen's kappa": scores.cohensKappa,
    "Brier score": scores.brier,
    "calibration error": scores.expectedCalibrationError,
  };
  const parts = Object.entries(over).map(([name, value]) => `${name} ${text(value)}`);
  process.stdout.write(`${parts.join(", ")}\n`);
}

function text(value: number | null): string {
  return value?.toFixed(4) ?? "-";
}
