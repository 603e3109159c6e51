// Confusion matrices and what follows from them alone, as in scikit-learn with zero_division=nan: undefined values are null.

/** counts[true class][predicted class] */
export type Confusion = readonly (readonly number[])[];

export interface Counts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

export interface PrecisionRecall {
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/** @param labels and predicted class indices below `classes` */
export function confusionMatrix(labels: readonly number[], predicted: readonly number[], classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    const row = counts[label] as number[];
    const column = predicted[i] as number;
    row[column] = (row[column] as number) + 1;
  });
  return counts;
}

/** One class against the rest. */
export function countsOf(confusion: Confusion, positive: number): Counts {
  const tp = confusion[positive]?.[positive] ?? 0;
  const fn = rowSum(confusion, positive) - tp;
  const fp = columnSum(confusion, positive) - tp;
  return { tp, fp, fn, tn: total(confusion) - tp - fn - fp };
}

/** Precision is null where nothing was predicted positive, recall where nothing is, F1 where neither. */
export function precisionRecall({ tp, fp, fn }: Counts): PrecisionRecall {
  return { precision: ratio(tp, tp + fp), recall: ratio(tp, tp + fn), f1: ratio(2 * tp, 2 * tp + fp + fn) };
}

export function accuracy(confusion: Confusion): number | null {
  return ratio(trace(confusion), total(confusion));
}

/** Means over the classes where the value is defined, each class counting once ("macro") or by its samples ("weighted"). */
export function averaged(confusion: Confusion, average: "macro" | "weighted"): PrecisionRecall {
  const scores = confusion.map((_, k) => precisionRecall(countsOf(confusion, k)));
  const weights = confusion.map((_, k) => (average === "macro" ? 1 : rowSum(confusion, k)));
  const mean = (key: keyof PrecisionRecall) =>
    definedMean(
      scores.map((score) => score[key]),
      weights,
    );
  return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") };
}

/** Mean recall of the classes that are present. */
export function balancedAccuracy(confusion: Confusion): number | null {
  return averaged(confusion, "macro").recall;
}

/** Matthews correlation for any number of classes (Gorodkin 2004); null where one class is all labels or all predictions. */
export function matthewsCorrelation(confusion: Confusion): number | null {
  const n = total(confusion);
  let cross = 0;
  let predictedSquares = 0;
  let trueSquares = 0;
  confusion.forEach((_, k) => {
    cross += rowSum(confusion, k) * columnSum(confusion, k);
    trueSquares += rowSum(confusion, k) * rowSum(confusion, k);
    predictedSquares += columnSum(confusion, k) * columnSum(confusion, k);
  });
  return ratio(trace(confusion) * n - cross, Math.sqrt((n * n - predictedSquares) * (n * n - trueSquares)));
}

/** Cohen's kappa; null where labels and predictions are all one same class. */
export function cohensKappa(confusion: Confusion): number | null {
  const n = total(confusion);
  let chance = 0; // n² times the agreement by chance
  confusion.forEach((_, k) => (chance += rowSum(confusion, k) * columnSum(confusion, k)));
  return ratio(trace(confusion) * n - chance, n * n - chance);
}

export function rowSum(confusion: Confusion, k: number): number {
  return sum(confusion[k] ?? []);
}

/** Weighted mean of the values that are not null; null where there is none or they weigh nothing. */
export function definedMean(values: readonly (number | null)[], weights: readonly number[]): number | null {
  let weighted = 0;
  let weight = 0;
  values.forEach((value, i) => {
    if (value === null) return;
    weighted += value * (weights[i] as number);
    weight += weights[i] as number;
  });
  return ratio(weighted, weight);
}

function columnSum(confusion: Confusion, k: number): number {
  return sum(confusion.map((row) => row[k] ?? 0));
}

function trace(confusion: Confusion): number {
  return sum(confusion.map((row, k) => row[k] ?? 0));
}

function total(confusion: Confusion): number {
  return sum(confusion.map((row) => sum(row)));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
