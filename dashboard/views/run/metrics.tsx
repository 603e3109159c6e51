/** @jsxImportSource hono/jsx */
// Numbers that a hook, a program or the machine itself logged, and histograms; drawn by client/metrics.js and client/histograms.js.
import type { LoggedNames } from "../../queries/metrics.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Card, Chart, Empty, SmoothAndLog } from "../parts.tsx";
import { RunFrame } from "./frame.tsx";

export function MetricsPage({ run, logged }: { run: RunDetail; logged: LoggedNames }) {
  const own = logged.metrics.filter((name) => !name.startsWith("system/"));
  const system = logged.metrics.filter((name) => name.startsWith("system/"));
  const scripts = [
    ...(logged.metrics.length > 0 || run.status === "running" ? ["metrics.js"] : []),
    ...(logged.histograms.length > 0 ? ["histograms.js"] : []),
  ];
  return (
    <RunFrame run={run} tab="metrics" scripts={scripts}>
      {logged.metrics.length > 0 && <MetricControls />}
      {own.length > 0 ? <MetricCharts title="Logged by the run" names={own} /> : <NothingLogged />}
      {logged.histograms.length > 0 ? <Histograms names={logged.histograms} /> : <NoHistograms />}
      {system.length > 0 && <MetricCharts title="The machine meanwhile" names={system} />}
    </RunFrame>
  );
}

export function MetricControls() {
  return (
    <form id="metric-controls" class="card row small" aria-label="How metrics are shown">
      <label>
        x axis
        <select name="x">
          <option value="step">step</option>
          <option value="epoch">epoch</option>
          <option value="seconds">seconds</option>
        </select>
      </label>
      <SmoothAndLog log="log axis" />
      <label>
        Names with <input type="search" name="find" size={14} autocomplete="off" spellcheck={false} />
      </label>
    </form>
  );
}

export function MetricCharts({ title, names }: { title: string; names: readonly string[] }) {
  return (
    <section aria-label={title}>
      <h2 class="above">{title}</h2>
      <div class="grid2">
        {names.map((name) => (
          <Card title={titleOf(name)}>
            <Chart
              title={titleOf(name)}
              label={`${titleOf(name)} over the run; its numbers are behind the CSV button`}
              height="low"
              data={{ "data-metric": name }}
            />
          </Card>
        ))}
      </div>
    </section>
  );
}

function Histograms({ names }: { names: readonly string[] }) {
  return (
    <section aria-label="Histograms">
      <h2 class="above">Histograms</h2>
      <form id="histogram-controls" class="card row small" aria-label="Which histogram is shown">
        <label>
          Histogram
          <select name="histogram">
            {names.map((name) => (
              <option value={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Step
          <input type="range" name="at" id="histogram-at" min="0" max="0" step="1" />
        </label>
        <output id="histogram-step" class="muted" aria-live="polite"></output>
      </form>
      <div class="grid2">
        <Card title="At this step">
          <Chart id="histogram-bars" title="At this step" label="How the values are spread at this step" />
        </Card>
        <Card title="Over the steps">
          <Chart id="histogram-map" title="Over the steps" label="How the values are spread, step by step" />
        </Card>
      </div>
    </section>
  );
}

function NothingLogged() {
  return (
    <Empty title="No numbers of its own">
      <p>
        Log some from the experiment file,{" "}
        <code>onEpochEnd: (ctx) =&gt; ctx.log("gap", ctx.val.loss - ctx.train.loss)</code>, or from any program with the
        tracker (<code>exp tracker</code>).
      </p>
    </Empty>
  );
}

function NoHistograms() {
  return (
    <Empty title="No histograms">
      <p>
        <code>{"histograms: { gradients: true }"}</code> in the experiment file records weights and gradients after each
        epoch.
      </p>
    </Empty>
  );
}

const UNITS: Readonly<Record<string, string>> = {
  cpu_percent: "processors, % of all",
  process_cpu_percent: "this run, % of one processor",
  memory_used_mb: "memory in use, MB",
  process_memory_mb: "memory of this run, MB",
  disk_free_mb: "disk free, MB",
};

/** Names of the machine's metrics in words. */
export function titleOf(name: string): string {
  return name.startsWith("system/") ? (UNITS[name.slice(7)] ?? name.slice(7)) : name;
}
