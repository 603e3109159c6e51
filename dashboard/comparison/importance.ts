// Which setting matters: the share of a metric's variance that a setting's values explain alone, eta squared of stdlib's one-way
// analysis of variance (Fisher 1925). Settings that vary together share what they explain.
import anova1 from "@stdlib/stats-anova1";

export interface Importance {
  readonly key: string;
  /** 0 to 1; null where each value occurs once, so that nothing can be told apart from noise. */
  readonly etaSquared: number | null;
  readonly levels: number;
}

/** @param rows the setting's value and the metric of each run */
export function importance(key: string, rows: readonly { level: string; value: number }[]): Importance {
  const levels = [...new Set(rows.map(({ level }) => level))];
  const repeated = rows.length > levels.length;
  return { key, levels: levels.length, etaSquared: repeated && levels.length > 1 ? share(rows, levels) : null };
}

/** Null where the metric is the same everywhere. */
function share(rows: readonly { level: string; value: number }[], levels: readonly string[]): number | null {
  const { treatment, error } = anova1(
    rows.map(({ value }) => value),
    rows.map(({ level }) => levels.indexOf(level)),
  );
  const total = treatment.ss + error.ss;
  return total === 0 ? null : treatment.ss / total;
}
