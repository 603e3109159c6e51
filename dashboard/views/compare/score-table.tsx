/** @jsxImportSource hono/jsx */
// The compared runs' scores beyond accuracy: over classes, of the positive class by its probability, calibration.
import { metric } from "../../format.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { SCORES, type RunScores } from "../../queries/scores.ts";
import { Card, RunLink, Scroll } from "../parts.tsx";

const MOST_ROWS = 100;

interface Props {
  readonly runs: readonly RunDetail[];
  /** Of the runs that recorded them. */
  readonly scores: readonly RunScores[];
  readonly phase: string;
}

export function ScoreTable({ runs, scores, phase }: Props) {
  if (scores.length === 0) return null;
  const ofRun = new Map(scores.map((row) => [row.runId, row]));
  return (
    <Card title={`Scores, ${phase}`} id="scores">
      <Scroll label="Scores of the runs">
        <table id="score-table">
          <thead>
            <tr>
              <th scope="col">run</th>
              {SCORES.map(([, title]) => (
                <th scope="col" class="num">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.slice(0, MOST_ROWS).map((run) => (
              <tr>
                <th scope="row">
                  <RunLink run={run} />
                </th>
                {SCORES.map(([column]) => (
                  <td class="num">{metric(ofRun.get(run.runId)?.[column])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
