// Which setting matters: the share of a metric's variance that a setting's values explain alone, eta squared of a one-way
// analysis of variance (Fisher 1925). Settings that vary together share what they explain.

export interface Importance {
  readonly key: string;
  /** 0 to 1; null where each value occurs once, so that nothing can be told apart from noise. */
  readonly etaSquared: number | null;
  readonly levels: number;
}

/** @param rows the setting's value and the metric of each run */
export function importance(key: string, rows: readonly { level: string; value: number }[]): Importance {
  const levels = new Map<string, number[]>();
  for (const { level, value } of rows) levels.set(level, [...(levels.get(level) ?? []), value]);
  const total = squares(rows.map((row) => row.value));
  const within = [...levels.values()].reduce((sum, values) => sum + squares(values), 0);
  const repeated = rows.length > levels.size;
  return {
    key,
    levels: levels.size,
    etaSquared: !repeated || total === 0 ? null : 1 - within / total,
  };
}

/** Sum of squared distances from the mean. */
function squares(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}
