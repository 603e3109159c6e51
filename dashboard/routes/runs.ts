// GET /runs : the table of all runs.
import { Hono } from "hono";
import { LockstepError } from "../../core/errors.ts";
import type { DashboardDeps } from "../deps.ts";
import { groupRuns } from "../queries/groups.ts";
import { listRuns } from "../queries/runs.ts";
import { PAGE_SIZE, readRunsState, type RunsState } from "../view-state.ts";
import { RunsPage } from "../views/runs.tsx";

export function runsRoutes({ store }: DashboardDeps): Hono {
  return new Hono().get("/runs", async (c) => {
    const { state, problem } = stateOrProblem((name) => c.req.query(name));
    const list = { ...state, limit: state.group === null ? PAGE_SIZE : 0, offset: (state.page - 1) * PAGE_SIZE };
    const [{ runs, total }, groups] = await Promise.all([
      listRuns(store.sql, list),
      state.group === null ? null : groupRuns(store.sql, { ...state, group: state.group }),
    ]);
    return c.html(RunsPage({ state, runs, groups, total, problem }), problem === null ? 200 : 400);
  });
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
