// Orders that are the same on every machine: by code units, never by locale.

/** Comparison for sort: by UTF-16 code units, as the operator < does. */
export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
