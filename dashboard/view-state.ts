// The state of the runs view as its address keeps it: filter, columns, sort, group, page.
import { parseFilter, type Filter } from "./filter/parse.ts";
import { columnNamed, type Column } from "./queries/columns.ts";

export interface RunsState {
  readonly q: string;
  readonly filter: Filter | null;
  readonly columns: readonly Column[];
  readonly sort: { readonly column: Column; readonly descending: boolean };
  readonly group: Column | null;
  readonly page: number;
  readonly archived: boolean;
}

export const DEFAULT_COLUMNS = [
  ...[
    "status",
    "experiment",
    "variant",
    "seed",
    "test_accuracy",
    "test_recall",
    "test_precision",
    "test_f1",
    "test_auc",
  ],
  ...["val_loss", "best_epoch", "lr", "freeze", "width_mult", "dataset", "tags", "created_at", "duration"],
];
export const PAGE_SIZE = 100;

/** @throws LockstepError "usage" for a filter or a column that makes no sense */
export function readRunsState(query: (name: string) => string | undefined): RunsState {
  const q = query("q")?.trim() ?? "";
  const sort = query("sort") ?? "-created_at";
  const group = query("group") ?? "";
  return {
    q,
    filter: parseFilter(q),
    columns: (query("columns")?.split(",").filter(Boolean) ?? DEFAULT_COLUMNS).map(columnNamed),
    sort: { column: columnNamed(sort.replace(/^-/, "")), descending: sort.startsWith("-") },
    group: group === "" ? null : columnNamed(group),
    page: Math.max(1, Math.floor(Number(query("page") ?? 1)) || 1),
    archived: query("archived") === "1",
  };
}

/** The address of a state, defaults left out. */
export function runsHref(state: RunsState, change: Partial<RunsState> = {}): string {
  const { q, columns, sort, group, page, archived } = { ...state, ...change };
  const params = new URLSearchParams();
  const keys = columns.map((column) => column.key).join(",");
  if (q !== "") params.set("q", q);
  if (keys !== DEFAULT_COLUMNS.join(",")) params.set("columns", keys);
  const sortText = `${sort.descending ? "-" : ""}${sort.column.key}`;
  if (sortText !== "-created_at") params.set("sort", sortText);
  if (group !== null) params.set("group", group.key);
  if (page !== 1) params.set("page", String(page));
  if (archived) params.set("archived", "1");
  const text = params.toString();
  return text === "" ? "/runs" : `/runs?${text}`;
}
