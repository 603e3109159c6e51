/** @jsxImportSource hono/jsx */
// The first page: each experiment as a grid of variants and seeds, with the mean of a chosen metric and its interval.
import { seedText, seedTitle, type SeedAndFold } from "../../core/store/seed-text.ts";
import type { ExperimentGrid, GridVariant } from "../queries/experiments.ts";
import { METRIC_CHOICES, type MetricChoice } from "../metric-names.ts";
import { count, dateTime, duration, metric as formatMetric, number } from "../format.ts";
import { commonRange, IntervalBar, IntervalText } from "./interval.tsx";
import { Page } from "./layout.tsx";
import { Card, Empty, ForeignBadges, HonestyBadges, Scroll, Sparkline } from "./parts.tsx";

interface Props {
  readonly experiments: readonly ExperimentGrid[];
  readonly metric: MetricChoice;
  readonly page: number;
  readonly pages: number;
}

export function ExperimentsPage({ experiments, metric, page, pages }: Props) {
  return (
    <Page title="Experiments" section="/" scripts={["live-page.js"]}>
      <div class="head">
        <div>
          <h1>Experiments</h1>
          <p class="muted">
            Every variant is run for every seed; the interval is Student's t over seeds, on the same test samples.
          </p>
        </div>
        <MetricForm metric={metric} />
      </div>
      <div id="experiments" data-live>
        {experiments.length === 0 ? (
          <NoRuns />
        ) : (
          experiments.map((experiment) => <ExperimentCard experiment={experiment} metric={metric} />)
        )}
      </div>
      {pages > 1 && <Pager metric={metric} page={page} pages={pages} />}
    </Page>
  );
}

function Pager({ metric, page, pages }: Omit<Props, "experiments">) {
  const href = (to: number) => `/?metric=${metric.key}&page=${to}`;
  return (
    <nav class="row" aria-label="Pages">
      {page > 1 && <a href={href(page - 1)}>Newer</a>}
      <span class="muted">
        page {page} of {pages}
      </span>
      {page < pages && <a href={href(page + 1)}>Older</a>}
    </nav>
  );
}

function MetricForm({ metric }: { metric: MetricChoice }) {
  return (
    <form method="get" class="row">
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
      <noscript>
        <button>Show</button>
      </noscript>
    </form>
  );
}

export function NoRuns() {
  return (
    <Empty title="No runs yet">
      <p>Train the first experiment; its runs appear here while they go on:</p>
      <p>
        <code>npx exp run experiments/frozen-backbone.ts</code>
      </p>
      <p class="muted">
        A quick look, half a minute: <code>npx exp run experiments/frozen-backbone.ts --smoke</code>
      </p>
    </Empty>
  );
}

function ExperimentCard({ experiment, metric }: { experiment: ExperimentGrid; metric: MetricChoice }) {
  const { name, variants, seeds } = experiment;
  const folds = new Set(seeds.flatMap(({ fold }) => (fold === null ? [] : [fold]))).size;
  const range = commonRange(variants, metric.key.endsWith("loss") ? [0, Infinity] : [0, 1]);
  const runs = `/runs?q=${encodeURIComponent(`experiment = "${name}"`)}`;
  const facts = [
    count(variants.length, "variant"),
    count(new Set(seeds.map(({ seed }) => seed)).size, "seed"),
    folds > 0 && count(folds, "fold"),
    `last run ${dateTime(experiment.lastAt)}`,
  ].filter((fact) => fact !== false);
  return (
    <Card
      title={name}
      id={`experiment-${name}`}
      aside={
        <>
          <a class="button" href={`${runs}`}>
            Runs
          </a>
          <a
            class="button"
            href={`/compare?q=${encodeURIComponent(`experiment = "${name}" and status = done`)}&group=variant`}
          >
            Compare variants
          </a>
          <a class="button" href={`/sweep?experiment=${encodeURIComponent(name)}`}>
            Sweep
          </a>
        </>
      }
    >
      <p class="muted small row">
        {facts.join(" · ")} <HonestyBadges simulated={experiment.simulated} randomWeights={false} />
        {experiment.secondsLeft !== null && (
          <span class="badge running">about {duration(experiment.secondsLeft * 1000)} left</span>
        )}
      </p>
      <Warnings experiment={experiment} />
      <Scroll label={`Variants and seeds of ${name}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">variant</th>
              <th scope="col">{metric.title}</th>
              <th scope="col" class="nowrap">
                <span class="visually-hidden">interval</span>
                {number(range[0], 2)} – {number(range[1], 2)}
              </th>
              <th scope="col">val loss</th>
              {seeds.map((seed) => (
                <th scope="col">{seedTitle(seed)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {variants.map((variant) => (
              <VariantRow variant={variant} seeds={seeds} range={range} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

interface VariantRowProps {
  readonly variant: GridVariant;
  readonly seeds: readonly SeedAndFold[];
  readonly range: readonly [number, number];
}

function VariantRow({ variant, seeds, range }: VariantRowProps) {
  const { interval, values, spark } = variant;
  return (
    <tr>
      <th scope="row">
        {variant.name} {variant.randomWeights && <HonestyBadges simulated={false} randomWeights />}
        <ForeignBadges runs={variant.runs} small />
      </th>
      <td>
        <IntervalText interval={interval} />
      </td>
      <td>
        <IntervalBar interval={interval} range={range} values={values} />
      </td>
      <td>
        <Sparkline values={spark} label={sparkLabel(spark)} series={1} />
      </td>
      {seeds.map((seed) => (
        <td>
          <SeedCell variant={variant} seed={seed} />
        </td>
      ))}
    </tr>
  );
}

function SeedCell({ variant, seed }: { variant: GridVariant; seed: SeedAndFold }) {
  const run = variant.runs.find((one) => seedText(one) === seedText(seed));
  if (run === undefined)
    return (
      <span class="seed missing" title={`${seedTitle(seed)} has not been run: exp run continues the experiment.`}>
        missing
      </span>
    );
  const text = run.status === "done" ? formatMetric(run.metric) : run.status;
  return (
    <a
      class={`seed ${run.status}`}
      href={`/runs/${run.id}`}
      title={`${variant.name}, ${seedTitle(seed)}: ${run.status}`}
    >
      {text}
    </a>
  );
}

function Warnings({ experiment }: { experiment: ExperimentGrid }) {
  const { missing, failed, seeds, variants, finished } = experiment;
  const texts = [
    failed > 0 && finished === 0 && "No run has finished: open a failed one and read its log.",
    failed > 0 && `${count(failed, "run")} failed, lost or interrupted: not in the means.`,
    missing > 0 &&
      `${count(missing, seeds[0]?.fold === null ? "seed" : "fold")} missing: run the same command again, finished runs are kept.`,
    seeds.length === 1 &&
      variants.length > 1 &&
      "One seed only: differences between variants have no interval. List more seeds in the experiment, such as [0, 1, 2], and run it again.",
  ].filter((text) => text !== false);
  if (texts.length === 0) return null;
  return (
    <div class="note warn small" role="note">
      {texts.map((text) => (
        <p>{text}</p>
      ))}
    </div>
  );
}

function sparkLabel(values: readonly number[]): string {
  return values.length === 0
    ? "no validation yet"
    : `validation loss from ${number(values[0])} to ${number(values.at(-1))} over ${count(values.length, "epoch")}`;
}
