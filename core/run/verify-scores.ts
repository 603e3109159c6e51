// Scores by class and over classes, computed again from the stored predictions.
import { canonicalJson } from "../experiment/index.ts";
import type { StoredScores } from "../store/index.ts";
import { classMetrics } from "../train/metrics.ts";
import { columnsOf } from "./prediction-columns.ts";
import type { Outcomes } from "./verify-outcomes.ts";
import { judged, notChecked, type VerdictLine } from "./verdict.ts";

/** @param classes number of classes @param stored of the run, whatever the phase */
export function checkScores(
  classes: number,
  outcomes: readonly Outcomes[],
  stored: readonly StoredScores[],
): VerdictLine {
  if (stored.length === 0) return notChecked("scores", "none is stored");
  const findings = outcomes.flatMap(({ phase, epoch, predictions }) => {
    const computed = canonicalJson(classMetrics(columnsOf(predictions), classes));
    const found = stored.find((row) => row.phase === phase && row.epoch === epoch);
    return found !== undefined && canonicalJson(found.scores) === computed ? [] : [`${phase} epoch ${epoch}`];
  });
  return judged("scores", findings);
}
