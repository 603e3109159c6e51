/** @jsxImportSource hono/jsx */
// All runs as one table: filter, sort, columns and groups in the address; chosen rows are compared, tagged or archived.
import type { Column } from "../queries/columns.ts";
import type { ListedRun } from "../queries/runs.ts";
import type { RunGroup } from "../queries/groups.ts";
import { PAGE_SIZE, runsHref, type RunsState } from "../view-state.ts";
import { count, short } from "../format.ts";
import { Cell, isNumeric } from "./cells.tsx";
import { NoRuns } from "./experiments.tsx";
import { mayChange } from "../viewer.ts";
import { Page } from "./layout.tsx";
import { Empty, ForeignBadges, HonestyBadges, Scroll } from "./parts.tsx";
import { RunGroups } from "./run-groups.tsx";
import { RunsControls } from "./runs-controls.tsx";

interface Props {
  readonly state: RunsState;
  /** Whether this reader has columns of their own. */
  readonly saved: boolean;
  readonly runs: readonly ListedRun[];
  readonly groups: { readonly metrics: readonly Column[]; readonly groups: readonly RunGroup[] } | null;
  /** Keys of columns to group by: settings that differ. */
  readonly settings: readonly string[];
  /** Names that runs logged. */
  readonly logged: readonly string[];
  readonly total: number;
  readonly problem: { readonly message: string; readonly next: string | null } | null;
}

export function RunsPage({ state, saved, runs, groups, total, problem, settings, logged }: Props) {
  const scripts = groups !== null ? [] : runs.length > 0 ? ["runs.js", "live-page.js"] : ["live-page.js"];
  return (
    <Page title="Runs" section="/runs" scripts={scripts}>
      <div class="head">
        <div>
          <h1>Runs</h1>
          <p class="muted">
            {count(total, "run")}
            {state.q !== "" && " pass the filter"}
          </p>
        </div>
      </div>
      <RunsControls state={state} saved={saved} problem={problem} settings={settings} logged={logged} />
      {groups !== null ? (
        <RunGroups state={state} metrics={groups.metrics} groups={groups.groups} />
      ) : runs.length > 0 ? (
        <RunsTable state={state} runs={runs} total={total} />
      ) : (
        <div id="no-rows" data-live>
          <NoRows state={state} />
        </div>
      )}
    </Page>
  );
}

function NoRows({ state }: { state: RunsState }) {
  if (state.q === "") return <NoRuns />;
  return (
    <Empty title="No run passes this filter">
      <p>
        <a href={runsHref(state, { q: "", filter: null, page: 1 })}>Clear the filter</a>, or widen it: every part of{" "}
        <code>{state.q}</code> must hold.
      </p>
    </Empty>
  );
}

function RunsTable({ state, runs, total }: { state: RunsState; runs: readonly ListedRun[]; total: number }) {
  return (
    <form id="choose" class="card" method="post" action="/runs/change">
      <input type="hidden" name="back" value={runsHref(state)} />
      <Scroll label="Runs">
        <table id="runs">
          <thead>
            <tr>
              <th scope="col">
                <input type="checkbox" id="choose-all" aria-label="Choose all rows of this page" />
              </th>
              <th scope="col">run</th>
              {state.columns.map((column) => (
                <SortHeader state={state} column={column} />
              ))}
            </tr>
          </thead>
          <tbody id="run-rows" data-live>
            {runs.map((run) => (
              <tr>
                <td>
                  <input type="checkbox" name="run" value={short(run.id)} aria-label={`Choose run ${short(run.id)}`} />
                </td>
                <th scope="row" data-value={run.id}>
                  <a class="mono" href={`/runs/${run.id}`}>
                    {short(run.id)}
                  </a>{" "}
                  <HonestyBadges simulated={run.simulated} randomWeights={run.randomWeights} small />
                  <ForeignBadges runs={[run]} small />
                </th>
                {state.columns.map((column) => (
                  <Cell column={column} value={run.values[column.key]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <div class="bottom-bar row">
        <button class="primary" type="button" id="compare-chosen" disabled>
          Compare (choose two or more)
        </button>
        {mayChange() && <ChangeButtons archived={state.archived} />}
        <Pager state={state} total={total} />
      </div>
    </form>
  );
}

/** What changes the chosen rows. */
function ChangeButtons({ archived }: { archived: boolean }) {
  return (
    <>
      <label>
        Tag <input name="tag" size={10} autocomplete="off" />
      </label>
      <button name="action" value="tag">
        Add
      </button>
      <button name="action" value="untag">
        Take off
      </button>
      <button name="action" value={archived ? "restore" : "archive"}>
        {archived ? "Restore" : "Archive"}
      </button>
    </>
  );
}

function SortHeader({ state, column }: { state: RunsState; column: RunsState["columns"][number] }) {
  const { sort } = state;
  const current = sort.column.key === column.key;
  const descending = current ? !sort.descending : isNumeric(column);
  const arrow = current ? (sort.descending ? " ↓" : " ↑") : "";
  return (
    <th
      scope="col"
      class={isNumeric(column) ? "num" : undefined}
      aria-sort={current ? (sort.descending ? "descending" : "ascending") : undefined}
    >
      <a href={runsHref(state, { sort: { column, descending }, page: 1 })}>
        {column.title}
        {arrow}
      </a>
    </th>
  );
}

function Pager({ state, total }: { state: RunsState; total: number }) {
  const pages = Math.ceil(total / PAGE_SIZE);
  return (
    <span class="end row">
      {pages > 1 && (
        <nav class="row" aria-label="Pages">
          {state.page > 1 && <a href={runsHref(state, { page: state.page - 1 })}>Previous</a>}
          <span class="muted">
            page {state.page} of {pages}
          </span>
          {state.page < pages && <a href={runsHref(state, { page: state.page + 1 })}>Next</a>}
        </nav>
      )}
    </span>
  );
}
