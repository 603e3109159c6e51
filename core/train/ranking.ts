// What follows from the order of scores: ROC AUC, average precision, sensitivity at a specificity. As in scikit-learn; tied scores
// stand or fall together; undefined values are null.

/** Positives and negatives at or above each distinct score, from the highest down. */
interface Step {
  readonly tp: number;
  readonly fp: number;
}

/** Area under the ROC curve: the chance that a positive scores above a negative, ties counting half. Null where one kind is missing. */
export function rocAuc(scores: readonly number[], positive: readonly boolean[]): number | null {
  const steps = cumulative(scores, positive);
  const { tp: positives, fp: negatives } = last(steps);
  if (positives === 0 || negatives === 0) return null;
  let doubled = 0; // twice the area, in whole pairs: exact
  let previous: Step = { tp: 0, fp: 0 };
  for (const step of steps) {
    doubled += (step.fp - previous.fp) * (step.tp + previous.tp);
    previous = step;
  }
  return doubled / 2 / positives / negatives;
}

/** Sum of precision times the gain in recall over descending thresholds, without interpolation. Null without positives. */
export function averagePrecision(scores: readonly number[], positive: readonly boolean[]): number | null {
  const steps = cumulative(scores, positive);
  const positives = last(steps).tp;
  if (positives === 0) return null;
  let area = 0;
  let previousTp = 0;
  for (const { tp, fp } of steps) {
    area += ((tp - previousTp) / positives) * (tp / (tp + fp));
    previousTp = tp;
  }
  return area;
}

/** The largest sensitivity among thresholds whose specificity is at least `specificity`. Null where one kind is missing. */
export function sensitivityAt(
  specificity: number,
  scores: readonly number[],
  positive: readonly boolean[],
): number | null {
  const steps = cumulative(scores, positive);
  const { tp: positives, fp: negatives } = last(steps);
  if (positives === 0 || negatives === 0) return null;
  const allowed = steps.filter(({ fp }) => (negatives - fp) / negatives >= specificity);
  return allowed.length === 0 ? 0 : last(allowed).tp / positives;
}

function cumulative(scores: readonly number[], positive: readonly boolean[]): Step[] {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const steps: Step[] = [];
  let tp = 0;
  let fp = 0;
  order.forEach((sample, rank) => {
    if (positive[sample]) tp++;
    else fp++;
    const next = order[rank + 1];
    if (next === undefined || scores[next] !== scores[sample]) steps.push({ tp, fp });
  });
  return steps;
}

function last(steps: readonly Step[]): Step {
  return steps[steps.length - 1] ?? { tp: 0, fp: 0 };
}
