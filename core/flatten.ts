// Nested settings as dotted keys, so that two of them can be compared line by line.

/** { schedule: { kind: "cosine" } } → [["schedule.kind", "cosine"]]; lists stay whole. */
export function flatten(value: unknown, prefix = ""): [string, unknown][] {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return prefix === "" ? [] : [[prefix, value]];
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, inner]) => flatten(inner, prefix === "" ? key : `${prefix}.${key}`));
}
