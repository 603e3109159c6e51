// Nested settings as dotted keys, so that two of them can be compared line by line.

/** { schedule: { kind: "cosine" } } → [["schedule.kind", "cosine"]]; lists stay whole. */
export function flatten(value: unknown, prefix = ""): [string, unknown][] {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return prefix === "" ? [] : [[prefix, value]];
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, inner]) => flatten(inner, prefix === "" ? key : `${prefix}.${key}`));
}

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
