/** @jsxImportSource hono/jsx */
// Settings and provenance in which the runs differ; what is equal in all of them is left out and only counted.
import { seedText } from "../../../core/store/seed-text.ts";
import { differingProvenance, differingSettings, type DifferingRow } from "../../comparison/differences.ts";
import { setting } from "../../format.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Card, Scroll } from "../parts.tsx";

const MOST_COLUMNS = 24;

export function ConfigDifferences({ runs }: { runs: readonly RunDetail[] }) {
  const shown = runs.slice(0, MOST_COLUMNS);
  return (
    <Card title="What differs between them" id="differences">
      <DifferenceTable
        runs={shown}
        parts={[
          ["Settings", differingSettings(runs)],
          ["Provenance", differingProvenance(runs)],
        ]}
      />
      <p class="small muted">
        Everything else is equal in all of them.
        {runs.length > MOST_COLUMNS && ` Values of the first ${MOST_COLUMNS} runs are shown.`}
      </p>
    </Card>
  );
}

type Part = readonly [string, readonly DifferingRow[]];

function DifferenceTable({ runs, parts }: { runs: readonly RunDetail[]; parts: readonly Part[] }) {
  return (
    <Scroll label="Differences">
      <table id="difference-table">
        <thead>
          <tr>
            <th scope="col">key</th>
            {runs.map((run) => (
              <th scope="col">
                {run.variant} / {seedText(run)}
              </th>
            ))}
          </tr>
        </thead>
        {parts.map(([title, rows]) => (
          <tbody>
            <tr>
              <th scope="rowgroup" colspan={runs.length + 1} class="muted">
                {title}
                {rows.length === 0 && ": no difference"}
              </th>
            </tr>
            {rows.map(({ key, values }) => (
              <tr>
                <th scope="row" class="mono">
                  {key}
                </th>
                {runs.map((_, i) => (
                  <td class="mono">{setting(values[i]).slice(0, 60)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </Scroll>
  );
}
