// A confusion matrix as plain data and what is shown of it: counts, shares of rows or columns, shades.

/** counts[true class][predicted class] */
export type Counts = readonly (readonly number[])[];

export type ConfusionMode = "count" | "row" | "column";

/** Cells to a full matrix; classes that never occur have zeros. */
export function matrixOf(
  cells: readonly { trueClass: number; predictedClass: number; n: number }[],
  classCount: number,
): number[][] {
  const counts = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  for (const { trueClass, predictedClass, n } of cells) {
    const row = counts[trueClass];
    if (row !== undefined) row[predictedClass] = (row[predictedClass] ?? 0) + n;
  }
  return counts;
}

/** Each cell's share of its row (of the true class) or of its column (of what was predicted); null for an empty one. */
export function shares(counts: Counts, mode: "row" | "column"): (number | null)[][] {
  return counts.map((row) =>
    row.map((n, j) => {
      const whole = mode === "row" ? sum(row) : sum(counts.map((other) => other[j] ?? 0));
      return whole === 0 ? null : n / whole;
    }),
  );
}

/** Shade 0 to 10 of a share. */
export function shade(share: number | null): number {
  return share === null ? 0 : Math.round(share * 10);
}

/** B minus A, cell by cell. */
export function difference(a: Counts, b: Counts): number[][] {
  return b.map((row, i) => row.map((n, j) => n - (a[i]?.[j] ?? 0)));
}

export interface ClassMetrics {
  readonly name: string;
  readonly support: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly specificity: number | null;
}

/** Each class against the rest; null where undefined. */
export function classMetrics(counts: Counts, classes: readonly string[]): ClassMetrics[] {
  const total = sum(counts.map(sum));
  return classes.map((name, k) => {
    const tp = counts[k]?.[k] ?? 0;
    const support = sum(counts[k] ?? []);
    const said = sum(counts.map((row) => row[k] ?? 0));
    const tn = total - support - said + tp;
    return {
      name,
      support,
      precision: ratio(tp, said),
      recall: ratio(tp, support),
      f1: ratio(2 * tp, support + said),
      specificity: ratio(tn, total - support),
    };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** Counted from predictions. */
export function confusionOf(rows: readonly { label: number; predicted: number }[], classCount: number): number[][] {
  return matrixOf(
    rows.map(({ label, predicted }) => ({ trueClass: label, predictedClass: predicted, n: 1 })),
    classCount,
  );
}
