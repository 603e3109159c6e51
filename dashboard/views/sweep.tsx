/** @jsxImportSource hono/jsx */
// A sweep: parallel coordinates, a scatter of any two columns, which setting matters, and the best runs.
import type { Importance } from "../comparison/importance.ts";
import { METRIC_CHOICES, type MetricChoice } from "../metric-names.ts";
import { count, number, percent, short } from "../format.ts";
import type { SweepRun, SweepColumn } from "../routes/sweep.ts";
import { NoRuns } from "./experiments.tsx";
import { Data, Page } from "./layout.tsx";
import { Card, Chart, Empty, Scroll } from "./parts.tsx";

interface Props {
  readonly experiments: readonly string[];
  readonly experiment: string | null;
  readonly metric: MetricChoice;
  readonly columns: readonly SweepColumn[];
  readonly runs: readonly SweepRun[];
  readonly importances: readonly Importance[];
}

export function SweepPage({ experiments, experiment, metric, columns, runs, importances }: Props) {
  return (
    <Page title="Sweep" section="/sweep" scripts={runs.length > 1 ? ["sweep.js"] : []}>
      <div class="head">
        <div>
          <h1>Sweep{experiment !== null && `: ${experiment}`}</h1>
          <p class="muted">{count(runs.length, "finished run")}, by the settings in which they differ.</p>
        </div>
        <SweepForm experiments={experiments} experiment={experiment} metric={metric} />
      </div>
      {experiment === null ? (
        <NoRuns />
      ) : runs.length < 2 ? (
        <Empty title="Too few finished runs">
          <p>
            A sweep needs two finished runs or more; a grid in the experiment file makes them. Runs that failed or still
            train are not counted.
          </p>
        </Empty>
      ) : (
        <Charts metric={metric} columns={columns} runs={runs} importances={importances} />
      )}
    </Page>
  );
}

function SweepForm({ experiments, experiment, metric }: Pick<Props, "experiments" | "experiment" | "metric">) {
  return (
    <form method="get" class="row">
      <label>
        Experiment
        <select name="experiment" data-submit>
          {experiments.map((name) => (
            <option value={name} selected={name === experiment}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Metric
        <select name="metric" data-submit>
          {METRIC_CHOICES.map(({ key, title }) => (
            <option value={key} selected={key === metric.key}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function Charts({ metric, columns, runs, importances }: Pick<Props, "metric" | "columns" | "runs" | "importances">) {
  const axis = (id: string) => (
    <label>
      {id}
      <select id={`scatter-${id}`}>
        {columns.map(({ key, name }) => (
          <option value={key}>{name}</option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <Data id="sweep" value={{ rows: runs, columns, metric: metric.key }} />
      <Card
        title="Parallel coordinates"
        aside={
          <span class="small row">
            <span class="muted" id="brushed">
              drag along an axis to choose runs
            </span>
            <a class="button" id="brushed-compare" href="#" hidden>
              Compare them
            </a>
          </span>
        }
      >
        <Chart
          id="parallel"
          title="Parallel coordinates"
          label="One line a run across its settings and metrics; the numbers are behind the CSV button"
        />
      </Card>
      <div class="grid2">
        <Card title="Any two columns">
          <div class="row small">
            {axis("x")}
            {axis("y")}
          </div>
          <Chart id="scatter" title="Scatter" label="One point a run; the numbers are behind the CSV button" />
        </Card>
        <ImportanceCard metric={metric} importances={importances} />
      </div>
      <BestRuns metric={metric} columns={columns} runs={runs} />
    </>
  );
}

function ImportanceCard({ metric, importances }: Pick<Props, "metric" | "importances">) {
  return (
    <Card title={`Which setting matters for ${metric.title}`}>
      {importances.length === 0 ? (
        <p class="muted">No setting differs between these runs: they are seeds of one variant.</p>
      ) : (
        <Scroll label="Which setting matters">
          <table>
            <thead>
              <tr>
                <th scope="col">setting</th>
                <th scope="col" class="num">
                  values
                </th>
                <th scope="col" colspan={2}>
                  variance explained
                </th>
              </tr>
            </thead>
            <tbody>
              {importances.map(({ key, levels, etaSquared }) => (
                <tr>
                  <th scope="row">{key}</th>
                  <td class="num">{levels}</td>
                  <td class="num">{percent(etaSquared, 0)}</td>
                  <td>
                    <svg width="120" height="10" viewBox="0 0 120 10" aria-hidden="true">
                      <rect class="bar" width={Math.max(0, 120 * (etaSquared ?? 0))} height="10" rx="2" />
                    </svg>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {importances.length > 0 && importances.every(({ etaSquared }) => etaSquared === null) && (
        <p class="small">
          Nothing can be told apart: every run has the same {metric.title}, or no value of a setting occurs twice. More
          seeds help.
        </p>
      )}
      <p class="small muted">
        η² of a one-way analysis of variance (stdlib's anova1) for each setting alone; settings that vary together share
        what they explain. What is left is seeds and chance.
      </p>
    </Card>
  );
}

function BestRuns({ metric, columns, runs }: Pick<Props, "metric" | "columns" | "runs">) {
  const best = [...runs]
    .filter((run) => typeof run.values[metric.key] === "number")
    .sort((x, y) => {
      const change = (x.values[metric.key] as number) - (y.values[metric.key] as number);
      return metric.lowerIsBetter ? change : -change;
    })
    .slice(0, 10);
  return (
    <Card title="Best runs">
      <Scroll label="Best runs">
        <table id="best-runs">
          <thead>
            <tr>
              <th scope="col">run</th>
              {columns.map(({ name }) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {best.map((run) => (
              <tr>
                <th scope="row">
                  <a href={`/runs/${run.id}`}>{run.label}</a> <code class="muted">{short(run.id)}</code>
                </th>
                {columns.map(({ key }) => {
                  const value = run.values[key];
                  return <td>{typeof value === "number" ? number(value) : value}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="small muted">
        The best of many runs looks better than it is: its score was chosen, so check it on fresh seeds.
      </p>
    </Card>
  );
}
