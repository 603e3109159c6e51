/** @jsxImportSource hono/jsx */
// Two to 500 runs side by side: curves, metrics, what differs between them, and one pair in depth.
import { GROUPINGS, type CurveGroup } from "../../comparison/groups.ts";
import { differingSettings } from "../../comparison/differences.ts";
import { count } from "../../format.ts";
import type { EvaluationRow } from "../../queries/evaluations.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Data, Page } from "../layout.tsx";
import { Card, Chart, Empty, ForeignBadges, HonestyBadges, SmoothAndLog } from "../parts.tsx";
import { ConfigDifferences } from "./differences.tsx";
import type { RunScores } from "../../queries/scores.ts";
import { ScoreTable } from "./score-table.tsx";
import { MetricTable, type BaselineTest } from "./metric-table.tsx";
import { PairSection, type PairProps } from "./pair.tsx";
import { SelectionFields } from "./selection.tsx";
import { selectionQuery, type CompareState } from "./state.ts";

export interface CompareProps {
  readonly state: CompareState;
  /** With the numbers of what is compared, see `asEvaluated`. */
  readonly runs: readonly RunDetail[];
  readonly evaluations: readonly EvaluationRow[];
  readonly groups: readonly CurveGroup[];
  /** By number of values; the browser's bands need them. */
  readonly quantiles: readonly number[];
  readonly tests: readonly BaselineTest[];
  readonly scores: readonly RunScores[];
  readonly pair: Omit<PairProps, "state" | "runs"> | null;
  readonly cut: boolean;
}

export function ComparePage({ state, runs, evaluations, groups, quantiles, tests, scores, pair, cut }: CompareProps) {
  if (runs.length < 2)
    return (
      <Page title="Compare" section="/runs">
        <h1>Compare</h1>
        <Empty title={runs.length === 0 ? "No runs to compare" : "One run only"}>
          <p>
            Choose two or more rows on the <a href="/runs">runs page</a>, then press Compare.
          </p>
        </Empty>
      </Page>
    );
  return (
    <Page title={`Compare ${runs.length} runs`} section="/runs" scripts={["compare-curves.js"]}>
      <div class="head">
        <div>
          <h1>Compare {count(runs.length, "run")}</h1>
          <p class="row muted">
            {[...new Set(runs.map((run) => run.experiment))].join(", ")}
            <HonestyBadges
              simulated={runs.some((run) => run.simulated)}
              randomWeights={runs.some((run) => run.init === "random")}
            />
            <ForeignBadges runs={runs} />
          </p>
        </div>
        <div class="row">
          {evaluations.length > 0 && <PhaseForm state={state} evaluations={evaluations} />}
          <GroupForm state={state} runs={runs} />
        </div>
      </div>
      {cut && (
        <div class="note warn">
          <p>More than 500 runs pass the filter; the first 500 are shown.</p>
        </div>
      )}
      <Data id="groups" value={{ query: selectionQuery(state), groups, quantiles }} />
      <CurvesCard />
      {pair !== null && <PairSection state={state} runs={runs} {...pair} />}
      <MetricTable state={state} runs={runs} tests={tests} />
      <ScoreTable runs={runs} scores={scores} phase={state.of} />
      <ConfigDifferences runs={runs} />
    </Page>
  );
}

/** Which set's numbers, matrices and predictions are compared: the runs' own test, or one that they were evaluated on later. */
function PhaseForm({ state, evaluations }: { state: CompareState; evaluations: readonly EvaluationRow[] }) {
  const phases = [...new Map(evaluations.map((one) => [one.phase, one])).values()];
  return (
    <form method="get" action="/compare" class="row">
      <SelectionFields state={state} except="of" />
      <label>
        Measured on
        <select name="of" data-submit>
          <option value="test">test</option>
          {phases.map(({ phase, dataset }) => (
            <option value={phase} selected={phase === state.of}>
              {dataset} ({phase})
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function GroupForm({ state, runs }: { state: CompareState; runs: readonly RunDetail[] }) {
  const differing = differingSettings(runs).map(({ key }) => `config.${key}`);
  const keys = [...new Set([...GROUPINGS, ...differing, state.group])];
  return (
    <form method="get" action="/compare" class="row">
      <SelectionFields state={state} except="group" />
      <label>
        One curve a
        <select name="group" data-submit>
          {keys.map((key) => (
            <option value={key} selected={key === state.group}>
              {key.replace("config.", "")}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function CurvesCard() {
  const select = (name: string, options: readonly string[]) => (
    <label>
      {name}
      <select name={name}>
        {options.map((option) => (
          <option value={option}>{option}</option>
        ))}
      </select>
    </label>
  );
  return (
    <Card title="Curves">
      <form id="curve-controls" class="row small" aria-label="How curves are shown">
        {select("phase", ["val", "train"])}
        {select("metric", ["loss", "accuracy", "precision", "recall", "f1", "auc", "lr"])}
        {select("by", ["epoch", "batch"])}
        <SmoothAndLog smoothing="smoothing" log="log loss" />
        <span class="muted">Bands are 95 % intervals of a group's mean. Drag to zoom, double click for all.</span>
      </form>
      <Chart
        id="compare-chart"
        title="Compared curves"
        label="Curves of the compared runs; their numbers are behind the CSV button"
        height="tall"
      />
    </Card>
  );
}
