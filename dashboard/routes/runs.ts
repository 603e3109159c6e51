// GET /runs : the table of all runs; POST /runs/columns keeps its columns in a cookie.
import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { LockstepError } from "../../core/errors.ts";
import type { DashboardDeps } from "../deps.ts";
import { METRIC_CHOICES } from "../metric-names.ts";
import { columnNamed, type Column } from "../queries/columns.ts";
import { groupRuns, readDifferingSettings } from "../queries/groups.ts";
import { readListedNames } from "../queries/metrics.ts";
import { listRuns } from "../queries/runs.ts";
import { DEFAULT_COLUMNS, PAGE_SIZE, readRunsState, runsHref, type RunsState } from "../view-state.ts";
import { RunsPage } from "../views/runs.tsx";

export function runsRoutes({ store }: DashboardDeps): Hono {
  const app = new Hono();
  app.get("/runs", async (c) => {
    const saved = getCookie(c, SAVED_COLUMNS);
    if (saved !== undefined && c.req.query("columns") === undefined) {
      const { search } = new URL(c.req.url);
      return c.redirect(`/runs${search === "" ? "?" : `${search}&`}columns=${encodeURIComponent(saved)}`);
    }
    const { state, problem } = stateOrProblem((name) => c.req.query(name));
    const list = { ...state, limit: state.group === null ? PAGE_SIZE : 0, offset: (state.page - 1) * PAGE_SIZE };
    const metrics = groupMetrics(state);
    const [{ runs, total }, groups, settings, logged] = await Promise.all([
      listRuns(store.sql, list),
      state.group === null ? null : groupRuns(store.sql, { ...state, group: state.group, metrics }),
      readDifferingSettings(store.sql, state),
      readListedNames(store.sql, state),
    ]);
    const page = RunsPage({
      ...{ state, saved: saved !== undefined, runs, total, problem, settings, logged },
      groups: groups === null ? null : { metrics, groups },
    });
    return c.html(page, problem === null ? 200 : 400);
  });
  app.post("/runs/columns", async (c) => {
    const form = await c.req.formData();
    const state = readRunsState((name) => (form.get(name) as string | null) ?? undefined);
    const columns = state.columns.map(({ key }) => key);
    if (form.get("save") === "no" || columns.length === 0) deleteCookie(c, SAVED_COLUMNS);
    else
      setCookie(c, SAVED_COLUMNS, columns.join(","), { httpOnly: true, sameSite: "Strict", path: "/", maxAge: YEAR_S });
    return c.redirect(
      runsHref(form.get("save") === "no" ? { ...state, columns: DEFAULT_COLUMNS.map(columnNamed) } : state),
      303,
    );
  });
  return app;
}

/** The columns that this reader sees where the address names none. */
const SAVED_COLUMNS = "lockstep_columns";
const YEAR_S = 365 * 24 * 3600;

/** What groups have a mean of: our metrics, and the logged ones among the columns or sorted by. */
function groupMetrics({ columns, sort }: RunsState): Column[] {
  const own = METRIC_CHOICES.map(({ key }) => columnNamed(key));
  const logged = [...columns, sort.column].filter((column) => column.logged === true);
  return [...new Map([...own, ...logged].map((column) => [column.key, column])).values()];
}

interface Problem {
  readonly message: string;
  readonly next: string | null;
}

/** A mistake in the filter is shown beside it, over all runs, rather than in place of the page. */
function stateOrProblem(query: (name: string) => string | undefined): { state: RunsState; problem: Problem | null } {
  try {
    return { state: readRunsState(query), problem: null };
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return { state: { ...readRunsState(() => undefined), q: query("q") ?? "" }, problem: error };
  }
}
