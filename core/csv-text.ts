// Comma-separated values as in RFC 4180: cells with commas, quotes or line ends are quoted, lines end in CR LF.

/** @returns one line for each row, each ended */
export function csvText(rows: Iterable<readonly string[]>): string {
  let text = "";
  for (const row of rows) text += `${row.map(quoted).join(",")}\r\n`;
  return text;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** A value as a cell: null empty, dates in ISO 8601, lists and objects as JSON. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
