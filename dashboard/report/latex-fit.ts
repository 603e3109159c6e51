// Tables cut to the width of a page of LaTeX's article class: in a smaller size, turned on their side, or in parts that repeat the columns
// which name the rows. Widths are estimated from Computer Modern's digits, the widest of its common signs.
import type { ReportTable } from "./tables.ts";

export interface FittedTable extends ReportTable {
  readonly size: "small" | "footnotesize";
  /** Points of a column that is wrapped, null of one that is as wide as its text. */
  readonly wrapped: readonly (number | null)[];
}

/** \linewidth of article at 10 pt on A4 or letter. */
const PAGE_PT = 345;
/** Twice \tabcolsep. */
const BETWEEN_PT = 8;
const SIZES = [
  { size: "small", digitPt: 4.7 },
  { size: "footnotesize", digitPt: 4.3 },
] as const;
const SMALLEST = SIZES[1];
/** What is left to a column that names rows beside a very wide one. */
const LEAST_PT = 40;

type Size = (typeof SIZES)[number];

/** One table or its parts, none wider than the page. */
export function fitted(table: ReportTable): FittedTable[] {
  const forms = table.turns ? [table, turned(table)] : [table];
  const whole = forms.flatMap((form) =>
    SIZES.filter((size) => widthOf(form, size) <= PAGE_PT).map((size) => ({ form, size })),
  );
  const [first] = whole;
  if (first !== undefined) return [{ ...first.form, size: first.size.size, wrapped: first.form.head.map(() => null) }];
  return forms.map(inParts).reduce((best, parts) => (parts.length < best.length ? parts : best));
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
  const longest = Math.max(...[head, ...rows].map((row) => [...(row[i] ?? "")].length));
  return longest * digitPt + BETWEEN_PT;
}

function inParts(table: ReportTable): FittedTable[] {
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
  return groups.map((group, part) => {
    const columns = [...ofKeys, ...group];
    const pick = (row: readonly string[]) => columns.map((i) => row[i] ?? "");
    return {
      ...table,
      id: groups.length === 1 ? table.id : `${table.id}-${part + 1}`,
      title: groups.length === 1 ? table.title : `${table.title}, part ${part + 1} of ${groups.length}`,
      head: pick(table.head),
      rows: table.rows.map(pick),
      size: SMALLEST.size,
      wrapped: wrap(columns.map((i) => widths[i] as number)),
    };
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
