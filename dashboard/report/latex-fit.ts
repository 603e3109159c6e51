// Tables cut to a page of LaTeX's article class: in a smaller size, turned on their side, or in parts that repeat the columns which name
// the rows. Widths are estimated in digits of Computer Modern, where signs of arithmetic are wide and points, spaces and i narrow.
import type { ReportTable } from "./tables.ts";

export interface FittedTable extends ReportTable {
  readonly size: "small" | "footnotesize";
  /** Points of a column that is wrapped, null of one that is as wide as its text. */
  readonly wrapped: readonly (number | null)[];
}

/** \linewidth of article at 10 pt on A4 or letter is 345 pt; the rest is for what the estimate misses. */
const PAGE_PT = 338;
/** Twice \tabcolsep. */
const BETWEEN_PT = 8;
const SIZES = [
  { size: "small", digitPt: 4.65 },
  { size: "footnotesize", digitPt: 4.25 },
] as const;
const SMALLEST = SIZES[1];
/** Under its caption, in the smallest size. */
const MOST_LINES = 42;
/** What is left to a column that names rows beside a very wide one. */
const LEAST_PT = 48;

type Size = (typeof SIZES)[number];

/** One table or its parts, none larger than the page. */
export function fitted(table: ReportTable): FittedTable[] {
  const parts = fittedWidth(table).flatMap(cutRows);
  if (parts.length === 1) return parts;
  return parts.map((part, i) => ({
    ...part,
    id: `${part.id}-${i + 1}`,
    title: `${part.title}, part ${i + 1} of ${parts.length}`,
  }));
}

function fittedWidth(table: ReportTable): FittedTable[] {
  const forms = table.turns ? [table, turned(table)] : [table];
  for (const form of forms)
    for (const size of SIZES)
      if (widthOf(form, size) <= PAGE_PT) return [{ ...form, size: size.size, wrapped: form.head.map(() => null) }];
  return forms.map(cutColumns).reduce((best, parts) => (parts.length < best.length ? parts : best));
}

/** Parts of at most MOST_LINES, as wrapped texts fill them. */
function cutRows(table: FittedTable): FittedTable[] {
  const parts: (readonly string[])[][] = [];
  let lines = Infinity;
  for (const row of table.rows) {
    const own = Math.max(1, ...row.map((text, i) => linesOf(text, table.wrapped[i] ?? null)));
    if (lines + own > MOST_LINES) {
      parts.push([]);
      lines = 0;
    }
    parts.at(-1)?.push(row);
    lines += own;
  }
  return parts.map((rows) => ({ ...table, rows }));
}

/** A wrapped text breaks at its signs only, so that its lines are not full. */
function linesOf(text: string, widthPt: number | null): number {
  return widthPt === null ? 1 : Math.ceil((1.3 * digitsOf(text) * SMALLEST.digitPt) / widthPt);
}

/** Rows as columns. */
function turned({ head, rows, ...rest }: ReportTable): ReportTable {
  const columns = head.map((name, i) => [name, ...rows.map((row) => row[i] ?? "")]);
  return { ...rest, keys: 1, head: columns[0] ?? [], rows: columns.slice(1) };
}

function widthOf(table: ReportTable, size: Size): number {
  return table.head.reduce((sum, _, i) => sum + columnPt(table, i, size), 0);
}

function columnPt({ head, rows }: ReportTable, i: number, { digitPt }: Size): number {
  const longest = Math.max(...[head, ...rows].map((row) => digitsOf(row[i] ?? "")));
  return longest * digitPt + BETWEEN_PT;
}

/** How many digits are as wide. */
function digitsOf(text: string): number {
  const wide = text.match(/[-+−±×→%mwMW]/g)?.length ?? 0;
  const narrow = text.match(/[ijltfrI.,:;'|!()[\]/ ]/g)?.length ?? 0;
  return [...text].length + 0.6 * wide - 0.3 * narrow;
}

function cutColumns(table: ReportTable): FittedTable[] {
  const widths = table.head.map((_, i) => columnPt(table, i, SMALLEST));
  const keys = widths.slice(0, table.keys).reduce((sum, width) => sum + width, 0);
  const groups: number[][] = [];
  let room = 0;
  for (let i = table.keys; i < widths.length; i++) {
    const width = widths[i] as number;
    if (groups.length === 0 || width > room) {
      groups.push([]);
      room = PAGE_PT - keys;
    }
    groups.at(-1)?.push(i);
    room -= width;
  }
  const ofKeys = Array.from({ length: table.keys }, (_, i) => i);
  return groups.map((group) => {
    const columns = [...ofKeys, ...group];
    const pick = (row: readonly string[]) => columns.map((i) => row[i] ?? "");
    const wrapped = wrap(columns.map((i) => widths[i] as number));
    return { ...table, head: pick(table.head), rows: table.rows.map(pick), size: SMALLEST.size, wrapped };
  });
}

/** Takes what is too much from the first column as far as it goes, else from the last. */
function wrap(widths: readonly number[]): (number | null)[] {
  const excess = widths.reduce((sum, width) => sum + width, 0) - PAGE_PT;
  if (excess <= 0) return widths.map(() => null);
  const narrower = widths.map((width) => width - excess - BETWEEN_PT);
  const at = (narrower[0] as number) >= LEAST_PT ? 0 : widths.length - 1;
  return widths.map((_, i) => (i === at ? Math.max(LEAST_PT, Math.floor(narrower[i] as number)) : null));
}
