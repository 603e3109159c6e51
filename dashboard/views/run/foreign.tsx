/** @jsxImportSource hono/jsx */
// The overview of a run that another program logged or that was read from another tool: what it has, and why it has no more.
import { number } from "../../format.ts";
import type { ArtifactRow } from "../../queries/attachments.ts";
import type { LoggedMetric } from "../../queries/metrics.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Card, Empty, HeadRow, Scroll } from "../parts.tsx";
import { Pictures } from "./artifacts.tsx";
import { RunFrame } from "./frame.tsx";
import { MetricCharts, MetricControls, titleOf } from "./metrics.tsx";

interface Props {
  readonly run: RunDetail;
  /** Without those of the machine. */
  readonly logged: readonly LoggedMetric[];
  readonly artifacts: readonly ArtifactRow[];
}

/** Of more metrics the tab of that name has the charts. */
const MOST_CHARTS = 8;

export function ForeignOverviewPage({ run, logged, artifacts }: Props) {
  const names = logged.map(({ name }) => name);
  return (
    <RunFrame run={run} tab="" scripts={names.length > 0 || run.status === "running" ? ["metrics.js"] : []}>
      <div class="note" role="note">
        <p>
          {run.kind === "tracked" ? "Another program logs this run" : "This run was read from another tool"}: its
          numbers are as they were written there. Lockstep knows none of its predictions, so there is no confusion
          matrix, no ROC curve, no samples and no digest to verify.
        </p>
      </div>
      {logged.length === 0 ? (
        <Empty title="No numbers yet">
          <p>{run.status === "running" ? "They appear here as the program logs them." : "It logged none."}</p>
        </Empty>
      ) : (
        <>
          <NumbersCard logged={logged} />
          <MetricControls />
          <MetricCharts title="Over the run" names={names.slice(0, MOST_CHARTS)} />
          {names.length > MOST_CHARTS && (
            <p>
              <a href={`/runs/${run.runId}/metrics`}>All {names.length} metrics as charts</a>
            </p>
          )}
        </>
      )}
      <Pictures artifacts={artifacts} />
    </RunFrame>
  );
}

function NumbersCard({ logged }: { logged: readonly LoggedMetric[] }) {
  return (
    <Card title="What it logged">
      <Scroll label="What it logged">
        <table id="logged">
          <thead>
            <HeadRow names={["metric", "last", "lowest", "highest", "values"]} />
          </thead>
          <tbody>
            {logged.map(({ name, last, lowest, highest, count }) => (
              <tr>
                <th scope="row">{titleOf(name)}</th>
                {[last, lowest, highest].map((value) => (
                  <td class="num" data-value={value ?? ""}>
                    {Number.isNaN(value) ? "NaN" : number(value)}
                  </td>
                ))}
                <td class="num">{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
