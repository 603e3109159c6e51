/** @jsxImportSource hono/jsx */
// Above the runs table: the filter, quick chips, groups and columns. One form; all of it ends up in the address.
import { COLUMNS, columnNamed, LOGGED_VALUES } from "../queries/columns.ts";
import { DEFAULT_COLUMNS, runsHref, type RunsState } from "../view-state.ts";

interface Props {
  readonly state: RunsState;
  readonly saved: boolean;
  readonly settings: readonly string[];
  readonly logged: readonly string[];
  readonly problem: { readonly message: string; readonly next: string | null } | null;
}

const GROUPS = [
  "variant",
  "experiment",
  "seed",
  "fold",
  "dataset",
  "status",
  "kind",
  "engine",
  "device",
  "threads",
  "host",
  "user",
];

const CHIPS = [
  ["done", "status = done"],
  ["running", "status = running"],
  ["failed", "status in (failed, lost, interrupted)"],
] as const;

export function RunsControls({ state, saved, problem, settings, logged }: Props) {
  const sort = `${state.sort.descending ? "-" : ""}${state.sort.column.key}`;
  return (
    <form method="get" action="/runs" class="card">
      <div class="row">
        <label class="visually-hidden" for="q">
          Filter
        </label>
        <input
          class="query"
          id="q"
          name="q"
          value={state.q}
          placeholder="variant = frozen and test.recall > 0.8"
          autocomplete="off"
          spellcheck={false}
          aria-describedby="filter-help"
          aria-invalid={problem !== null ? "true" : undefined}
        />
        {sort !== "-created_at" && <input type="hidden" name="sort" value={sort} />}
        <button class="primary">Filter</button>
        <GroupSelect state={state} settings={settings} />
        <ColumnMenu state={state} saved={saved} logged={logged} />
        <label>
          <input type="checkbox" name="archived" value="1" checked={state.archived} data-submit /> archived
        </label>
      </div>
      {problem !== null && (
        <div class="note bad" role="alert">
          <p>{problem.message}</p>
          {problem.next !== null && <p>{problem.next}</p>}
        </div>
      )}
      <p class="row small muted" id="filter-help">
        {CHIPS.map(([name, q]) => (
          <a
            class="badge"
            href={runsHref(state, { q: state.q === q ? "" : q, page: 1 })}
            aria-current={state.q === q ? "true" : undefined}
          >
            {name}
          </a>
        ))}
        <span>
          Operators: = != &lt; &lt;= &gt; &gt;= ~ (contains) in (a, b) and or not. Any setting:{" "}
          <code>config.dropout &gt; 0.1</code>; anything logged: <code>metric.gap &gt; 0.1</code> (last value),{" "}
          <code>lowest.gap</code>, <code>highest.gap</code>
        </span>
      </p>
    </form>
  );
}

function GroupSelect({ state, settings }: { state: RunsState; settings: readonly string[] }) {
  const current = state.group?.key ?? "";
  const other = current === "" || [...GROUPS, ...settings].includes(current) ? [] : [current];
  return (
    <label>
      Group by
      <select name="group" data-submit>
        <option value="">nothing</option>
        {[...other, ...GROUPS].map((key) => (
          <option value={key} selected={key === current}>
            {key.replaceAll("_", " ")}
          </option>
        ))}
        {settings.length > 0 && (
          <optgroup label="Settings that differ">
            {settings.map((key) => (
              <option value={key} selected={key === current}>
                {key.replace("config.", "")}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </label>
  );
}

interface ColumnMenuProps {
  readonly state: RunsState;
  readonly saved: boolean;
  readonly logged: readonly string[];
}

/** Columns in their order; typed, so that any config key can be one. */
function ColumnMenu({ state, saved, logged }: ColumnMenuProps) {
  const keys = state.columns.map((column) => column.key).join(",");
  return (
    <details class="menu">
      <summary>Columns ({state.columns.length})</summary>
      <div>
        <label class="small" for="columns">
          Names in order, with commas
        </label>
        <textarea id="columns" name="columns" rows={6} cols={34} spellcheck={false}>
          {keys === DEFAULT_COLUMNS.join(",") ? "" : keys}
        </textarea>
        <span class="row">
          <button>Show these</button>
          <button name="save" value="yes" formaction="/runs/columns" formmethod="post">
            Save as mine
          </button>
          {saved && (
            <button name="save" value="no" formaction="/runs/columns" formmethod="post">
              Forget mine
            </button>
          )}
        </span>
        <p class="small muted">
          Empty: the usual ones. Saved ones are shown in this browser wherever the address names none; a whole view is
          kept as a bookmark.
        </p>
        <p class="small muted">{COLUMNS.map((column) => column.key).join(", ")}, config.NAME</p>
        <LoggedColumns state={state} logged={logged} />
      </div>
    </details>
  );
}

/** What the runs logged: a click adds it as a column, sorted by it. */
function LoggedColumns({ state, logged }: { state: RunsState; logged: readonly string[] }) {
  if (logged.length === 0) return null;
  return (
    <>
      <p class="small">Logged; a click adds the column and sorts by it:</p>
      <ul class="small plain">
        {logged.map((name) => (
          <li>
            {name}:{" "}
            {LOGGED_VALUES.map((which) => (
              <>
                <a href={withColumn(state, `${which}.${name}`)} aria-label={`${WORDS[which]} ${name} as a column`}>
                  {WORDS[which]}
                </a>{" "}
              </>
            ))}
          </li>
        ))}
      </ul>
    </>
  );
}

const WORDS = { metric: "last", lowest: "lowest", highest: "highest" } as const;

function withColumn(state: RunsState, key: string): string {
  const column = columnNamed(key);
  const columns = [...state.columns.filter((one) => one.key !== key), column];
  return runsHref(state, { columns, sort: { column, descending: !key.startsWith("lowest.") }, page: 1 });
}
