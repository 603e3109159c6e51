// Settings of several runs, as core/flatten.ts makes them, compared key by key.

/** Keys whose values are not the same in all columns, with each column's value. */
export function differingKeys(
  columns: readonly (readonly [string, unknown][])[],
): { key: string; values: unknown[] }[] {
  const maps = columns.map((entries) => new Map(entries));
  const keys = [...new Set(columns.flatMap((entries) => entries.map(([key]) => key)))].sort();
  return keys
    .map((key) => ({ key, values: maps.map((map) => map.get(key)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value) ?? "")).size > 1);
}
