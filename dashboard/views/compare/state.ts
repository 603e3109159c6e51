// The compare page's state as its address keeps it.
import type { CellRef } from "../confusion.tsx";

export interface CompareState {
  /** Short ids, or empty when `q` chooses. */
  readonly runs: readonly string[];
  readonly q: string;
  readonly group: string;
  /** Short ids of the pair that is tested. */
  readonly a: string | null;
  readonly b: string | null;
  readonly cell: CellRef | null;
  /** What is compared: "test", or an external phase (`exp evaluate`). */
  readonly of: string;
}

export function compareHref(state: CompareState, change: Partial<CompareState> = {}, hash = ""): string {
  const { runs, q, group, a, b, cell, of } = { ...state, ...change };
  const params: string[] = [];
  if (runs.length > 0) params.push(`runs=${runs.join(",")}`);
  if (q !== "") params.push(`q=${encodeURIComponent(q)}`);
  if (group !== "run") params.push(`group=${encodeURIComponent(group)}`);
  if (a !== null) params.push(`a=${a}`);
  if (b !== null) params.push(`b=${b}`);
  if (of !== "test") params.push(`of=${encodeURIComponent(of)}`);
  if (cell !== null) params.push(`cell=${cell.trueClass},${cell.predictedClass}`);
  return `/compare?${params.join("&")}${hash}`;
}

/** The part of the address that chooses the runs; what the curves are asked with. */
export function selectionQuery({ runs, q }: CompareState): string {
  return runs.length > 0 ? `runs=${runs.join(",")}` : `q=${encodeURIComponent(q)}`;
}
