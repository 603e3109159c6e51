/** @jsxImportSource hono/jsx */
// A column's value as a table cell.
import type { Column } from "../queries/columns.ts";
import { datasetTitle, dateTime, duration, metric, number, setting, short } from "../format.ts";
import { StatusBadge } from "./parts.tsx";

const NUMERIC = ["number", "share", "duration"];

export function isNumeric(column: Column): boolean {
  return NUMERIC.includes(column.kind);
}

export function Cell({ column, value }: { column: Column; value: unknown }) {
  return (
    <td class={isNumeric(column) ? "num" : undefined} data-value={rawText(value)}>
      <CellValue column={column} value={value} />
    </td>
  );
}

function CellValue({ column, value }: { column: Column; value: unknown }) {
  if (value === null || value === undefined) return <span class="muted">–</span>;
  switch (column.kind) {
    case "share":
      return <>{metric(value as number)}</>;
    case "number":
      return <>{number(Number(value))}</>;
    case "duration":
      return <>{duration(value as number)}</>;
    case "time":
      return <time datetime={(value as Date).toISOString()}>{dateTime(value as Date)}</time>;
    case "tags":
      return (
        <>
          {(value as string[]).map((tag) => (
            <span class="badge">{tag}</span>
          ))}
        </>
      );
    default:
      return column.key === "status" ? <StatusBadge status={value as string} /> : <>{shortText(column, value)}</>;
  }
}

function shortText(column: Column, value: unknown): string {
  const text = setting(value);
  if (column.key === "dataset") return datasetTitle(text);
  return ["digest", "settings_hash", "git_commit", "id"].includes(column.key) ? short(text) : text;
}

/** For CSV: full precision, whole digests. */
function rawText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? value.join(" ") : setting(value);
}
