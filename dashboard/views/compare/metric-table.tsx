/** @jsxImportSource hono/jsx */
// Every run's metrics with the difference to run A, and McNemar's test against it, corrected for the number of pairs.
import { seedTitle } from "../../../core/store/seed-text.ts";
import { useContext } from "hono/jsx";
import { METRIC_CHOICES } from "../../metric-names.ts";
import { metricOf } from "../../comparison/over-seeds.ts";
import { count, metric, pValue, short, signed } from "../../format.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Card, ForeignBadges, RunLink, Scroll, StatusBadge } from "../parts.tsx";
import { InFile } from "../in-file.ts";
import { SelectionFields } from "./selection.tsx";
import type { CompareState } from "./state.ts";

/** A run against A on the same test samples. */
export interface BaselineTest {
  readonly runId: string;
  readonly p: number;
  /** After Holm's correction over all pairs of the table. */
  readonly adjusted: number;
}

const MOST_ROWS = 100;

interface Props {
  readonly state: CompareState;
  readonly runs: readonly RunDetail[];
  readonly tests: readonly BaselineTest[];
}

export function MetricTable({ state, runs, tests }: Props) {
  const baseline = runs.find((run) => state.a !== null && run.runId.startsWith(state.a)) ?? runs[0];
  const inFile = useContext(InFile);
  if (baseline === undefined) return null;
  const shown = runs.slice(0, MOST_ROWS);
  const ofRun = new Map(tests.map((test) => [test.runId, test]));
  const apart = state.of !== "test" ? [] : shown.filter((run) => !sameSplit(run, baseline) && !ofRun.has(run.runId));
  return (
    <Card title={`Metrics${state.of === "test" ? "" : ` on ${state.of}`}, and the difference to A`} id="metrics">
      <Scroll label="Metrics of the runs">
        <table id="metric-table">
          <thead>
            <tr>
              <th scope="col">run</th>
              <th scope="col">pair</th>
              {METRIC_CHOICES.map(({ title }) => (
                <th scope="col" class="num">
                  {state.of === "test" ? title : title.replace(/^test /, "")}
                </th>
              ))}
              <th scope="col" class="num" title="McNemar's mid-p against A on the same samples">
                p against A
              </th>
              <th scope="col" class="num" title="After Holm's correction for the number of pairs">
                Holm
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((run) => (
              <tr class={run === baseline ? "chosen" : undefined}>
                <th scope="row">
                  <RunLink run={run} /> {run.status !== "done" && <StatusBadge status={run.status} />}
                  <ForeignBadges runs={[run]} small />
                </th>
                <td class="small">
                  <PairButtons state={state} run={run} />
                </td>
                {METRIC_CHOICES.map(({ key, lowerIsBetter }) => (
                  <MetricCell
                    value={metricOf(run, key)}
                    base={run === baseline || apart.includes(run) ? null : metricOf(baseline, key)}
                    lowerIsBetter={lowerIsBetter}
                  />
                ))}
                <td class="num">{pValue(ofRun.get(run.runId)?.p)}</td>
                <td class="num">{pValue(ofRun.get(run.runId)?.adjusted)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {apart.length > 0 && (
        <p class="note warn small">
          {count(apart.length, "run")} had another data set or split than A: no difference is shown, as other test
          images may be easier or harder. Train both on one split, or exp evaluate both on one labelled set.
        </p>
      )}
      {!inFile && <TakeForms state={state} />}
      {runs.length > MOST_ROWS && (
        <p class="small muted">
          The first {MOST_ROWS} of {runs.length} runs; the curves show all. Narrow the filter, or group the runs page.
        </p>
      )}
    </Card>
  );
}

function sameSplit(a: RunDetail, b: RunDetail): boolean {
  return a.datasetDigest === b.datasetDigest && a.splitDigest === b.splitDigest;
}

/** Buttons of two forms below, so that 500 ids stand in the page once and not in every row. */
function PairButtons({ state, run }: { state: CompareState; run: RunDetail }) {
  const id = short(run.runId);
  if (useContext(InFile)) return <>{state.a === id ? "A" : state.b === id ? "B" : ""}</>;
  return (
    <span class="segments">
      {(["a", "b"] as const).map((side) => (
        <button
          form={`take-${side}`}
          name={side}
          value={id}
          aria-pressed={state[side] === id ? "true" : "false"}
          aria-label={`Take ${run.variant} ${seedTitle(run)} as ${side.toUpperCase()}`}
        >
          {side.toUpperCase()}
        </button>
      ))}
    </span>
  );
}

function TakeForms({ state }: { state: CompareState }) {
  return (
    <>
      {(["a", "b"] as const).map((side) => {
        const other = side === "a" ? "b" : "a";
        return (
          <form id={`take-${side}`} method="get" action="/compare#pair" hidden>
            <SelectionFields state={state} />
            {state[other] !== null && <input type="hidden" name={other} value={state[other]} />}
          </form>
        );
      })}
    </>
  );
}

function MetricCell({
  value,
  base,
  lowerIsBetter,
}: {
  value: number | null;
  base: number | null;
  lowerIsBetter: boolean;
}) {
  const change = value === null || base === null ? null : value - base;
  const better = change !== null && change !== 0 && change < 0 === lowerIsBetter;
  return (
    <td class="num" data-value={value ?? ""}>
      {metric(value)}
      {change !== null && (
        <small class={change === 0 ? "muted" : better ? "good" : "bad"}>{` ${signed(change)}`}</small>
      )}
    </td>
  );
}
