// The pages that are measured, on the rows of test/dashboard/many-rows.ts, and what shows that one is usable.
import type { Store } from "../../core/store/index.ts";

export interface MeasuredPage {
  readonly name: string;
  readonly path: string;
  /** On the server, milliseconds at the median; null: no claim. */
  readonly mostMs: number | null;
  /** There when the page can be used; null: not opened in the browser. */
  readonly usable: string | null;
}

export async function pagesOf({ sql }: Store): Promise<MeasuredPage[]> {
  const runs = await sql<{ id: string }[]>`
    select run_id::text as id from runs where experiment like 'many-%' order by created_at limit 500`;
  const ids = runs.map((run) => run.id.slice(0, 8)).join(",");
  const run = runs[0]?.id ?? "";
  const rows: [string, string, number | null, string | null][] = [
    ["experiments", "/", 150, "main table tbody tr"],
    ["runs", "/runs", 150, "#run-rows tr"],
    ["runs, filtered", "/runs?q=test.recall+%3E+0.5+and+config.dropout+%3D+0.2&sort=-test_accuracy", 150, null],
    ["runs, grouped", "/runs?group=config.lr", 150, null],
    ["run", `/runs/${run}`, 150, "[data-curve=loss] canvas"],
    ["run, curves", `/api/v1/runs/${run}/curves`, 150, null],
    ["run, samples", `/runs/${run}/samples`, 150, null],
    ["compare 500", `/compare?runs=${ids}&group=variant`, 300, "#compare-chart canvas"],
    ["compare 500, curves", `/api/v1/curves?runs=${ids}&phase=val&metric=loss&by=epoch`, 300, null],
    ["compare 500, curves by batch", `/api/v1/curves?runs=${ids}&metric=loss&by=batch`, 300, null],
    ["sweep", "/sweep", null, "#parallel canvas"],
  ];
  return rows.map(([name, path, mostMs, usable]) => ({ name, path, mostMs, usable }));
}
