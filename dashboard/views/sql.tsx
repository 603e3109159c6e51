/** @jsxImportSource hono/jsx */
// The query page: one read-only statement, its result as a table, a quick chart, and the views beside it.
import { number, setting } from "../format.ts";
import type { Answer } from "../queries/read-only.ts";
import type { ViewColumns } from "../queries/views-list.ts";
import { Data, Page } from "./layout.tsx";
import { Card, Chart, Empty, Scroll } from "./parts.tsx";

interface Props {
  readonly text: string;
  readonly answer: Answer | null;
  readonly problem: { readonly message: string; readonly next: string | null } | null;
  readonly views: readonly ViewColumns[];
  /** True where another site sent the reader here: the statement waits for a click. */
  readonly held: boolean;
}

const EXAMPLES = [
  [
    "Variants by test accuracy",
    "select variant, n, mean, low95, high95\nfrom v_variants\nwhere metric = 'test_accuracy'\norder by mean desc",
  ],
  [
    "Hardest test images",
    "select sample_id, label_name, count(*) as runs, avg(loss) as mean_loss\nfrom v_predictions\nwhere phase = 'test'\ngroup by 1, 2\norder by mean_loss desc\nlimit 20",
  ],
  [
    "Loss by epoch",
    "select epoch, phase, avg(loss) as loss\nfrom v_epochs\nwhere phase in ('train', 'val')\ngroup by 1, 2\norder by 1, 2",
  ],
] as const;

const MOST_SHOWN = 500;

export function SqlPage({ text, answer, problem, views, held }: Props) {
  const chart = answer !== null && answer.rows.length > 0;
  return (
    <Page title="SQL" section="/sql" scripts={["sql.js"]}>
      <div class="head">
        <div>
          <h1>SQL</h1>
          <p class="muted">Read only, ten seconds at most. The address is a permalink to this query.</p>
        </div>
      </div>
      <div class="beside">
        <div>
          <form method="get" action="/sql" class="card">
            <label class="visually-hidden" for="query">
              Query
            </label>
            <textarea id="query" name="q" rows={7} class="mono wide" spellcheck={false}>
              {text}
            </textarea>
            <p class="row">
              <button class="primary">Run</button>
              <span class="muted small">Ctrl + Enter</span>
              {held && <span class="badge warn">Another site sent you here: read the query, then run it.</span>}
            </p>
            {problem !== null && (
              <div class="note bad" role="alert">
                <p>{problem.message}</p>
                {problem.next !== null && <p>{problem.next}</p>}
              </div>
            )}
          </form>
          {answer !== null && <Result answer={answer} />}
          {chart && <QuickChart answer={answer} />}
          {answer === null && problem === null && !held && <Examples />}
        </div>
        <aside class="card" aria-label="Views">
          <h2>Views</h2>
          {views.map(({ view, columns }) => (
            <details open={view === "v_runs"}>
              <summary class="mono">{view}</summary>
              <p class="mono small muted">{columns.join(", ")}</p>
            </details>
          ))}
          <p class="small muted">Every column is explained in docs/sql.md.</p>
        </aside>
      </div>
    </Page>
  );
}

function Examples() {
  return (
    <Empty title="Ask the database">
      <ul class="plain">
        {EXAMPLES.map(([name, text]) => (
          <li>
            <a href={`/sql?q=${encodeURIComponent(text)}`}>{name}</a>
          </li>
        ))}
      </ul>
    </Empty>
  );
}

function Result({ answer }: { answer: Answer }) {
  const { names, rows, cut, durationMs } = answer;
  if (rows.length === 0)
    return (
      <Empty title="No rows">
        <p class="muted">The query is right and finds nothing. {names.length > 0 && `Columns: ${names.join(", ")}.`}</p>
      </Empty>
    );
  const shown = rows.slice(0, MOST_SHOWN);
  const ofNumbers = names.map((_, i) => shown.every((row) => row[i] === null || typeof row[i] === "number"));
  return (
    <Card title={`${rows.length}${cut ? "+" : ""} rows in ${durationMs.toFixed(0)} ms`}>
      <Scroll label="Result">
        <table id="sql-result">
          <thead>
            <tr>
              {names.map((name, i) => (
                <th scope="col" class={ofNumbers[i] ? "num" : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr>
                {row.map((value, i) => (
                  <td class={ofNumbers[i] ? "num" : undefined} data-value={value === null ? "" : setting(value)}>
                    {typeof value === "number" ? number(value, 4) : setting(value).slice(0, 120)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > MOST_SHOWN && (
        <p class="small muted">The first {MOST_SHOWN} are shown; exp sql prints all of them.</p>
      )}
    </Card>
  );
}

function QuickChart({ answer }: { answer: Answer }) {
  const select = (id: string, name: string) => (
    <label>
      {name}
      <select id={`chart-${id}`}>
        {answer.names.map((column) => (
          <option value={column}>{column}</option>
        ))}
      </select>
    </label>
  );
  return (
    <Card title="Quick chart">
      <div class="row small">
        {select("x", "x")}
        {select("y", "y")}
        <label>
          as
          <select id="chart-kind">
            <option value="bar">bars</option>
            <option value="line">line</option>
            <option value="scatter">points</option>
          </select>
        </label>
      </div>
      <Data id="result" value={{ names: answer.names, rows: answer.rows.slice(0, MOST_SHOWN) }} />
      <Chart id="quick-chart" label="Chart of two columns of the result" />
    </Card>
  );
}
