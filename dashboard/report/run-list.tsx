/** @jsxImportSource hono/jsx */
// Which runs a file is of: ids, status and digests in full, so that whoever has the database can check them.
import type { RunDetail } from "../queries/runs.ts";
import { Card, ForeignBadges, RunLink, Scroll } from "../views/parts.tsx";

export function RunList({ runs }: { runs: readonly RunDetail[] }) {
  return (
    <Card title="Runs and their digests" id="digests">
      <Scroll label="Runs and their digests">
        <table>
          <thead>
            <tr>
              {["run", "id", "status", "digest"].map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr>
                <th scope="row">
                  <RunLink run={run} /> <ForeignBadges runs={[run]} small />
                </th>
                <td class="mono">{run.runId}</td>
                <td>{run.status}</td>
                <td class="mono">{run.digest ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="small muted">
        Equal digests mean equal bits: <code>exp reproduce ID</code> trains a run again and compares.
      </p>
    </Card>
  );
}
