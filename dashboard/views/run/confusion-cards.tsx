/** @jsxImportSource hono/jsx */
// A run's confusion matrix with its epoch slider, and the metrics of each class that follow from it.
import { classMetrics, type ConfusionMode } from "../../confusion.ts";
import { percent } from "../../format.ts";
import type { Matrices } from "../../queries/outcomes.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Confusion } from "../confusion.tsx";
import { Data } from "../layout.tsx";
import { Card, HeadRow, Scroll } from "../parts.tsx";

/** The matrix that is shown before anybody chooses. */
export interface ShownMatrix {
  readonly phase: string;
  readonly epoch: number;
  readonly show: ConfusionMode;
}

export function ConfusionCard({ run, matrices, first }: { run: RunDetail; matrices: Matrices; first: ShownMatrix }) {
  const classes = run.classes ?? [];
  const counts = matrices[first.phase]?.[first.epoch] ?? [];
  return (
    <Card title="Confusion matrix" id="confusion-card">
      <Data id="confusion-data" value={{ matrices, first }} />
      <div id="confusion-controls" class="row small">
        <label>
          Phase
          <select name="phase">
            {Object.keys(matrices).map((phase) => (
              <option value={phase} selected={phase === first.phase}>
                {phase}
              </option>
            ))}
          </select>
        </label>
        <label>
          Epoch
          <input type="range" name="epoch" id="confusion-epoch" min="1" max="1" step="1" />
        </label>
        <label>
          Show
          <select name="show">
            {[
              ["count", "counts"],
              ["row", "row % (recall)"],
              ["column", "column % (precision)"],
            ].map(([value, name]) => (
              <option value={value} selected={value === first.show}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <output id="confusion-at" class="muted" aria-live="polite"></output>
      </div>
      <Scroll label="Confusion matrix">
        <Confusion
          id="confusion"
          classes={classes}
          counts={counts}
          mode={first.show}
          caption="Rows are what the images are, columns what the network says."
        />
      </Scroll>
    </Card>
  );
}

/** Of an evaluation that is asked for, else of the test phase, else of the last validation. */
export function ClassCard({ run, matrices, phase }: { run: RunDetail; matrices: Matrices; phase: string }) {
  const counts = Object.values(matrices[phase] ?? {}).at(-1);
  if (counts === undefined) return null;
  const rows = classMetrics(counts, run.classes ?? []);
  const absent = rows.filter((row) => row.support === 0);
  return (
    <Card title={`By class, ${phase}`}>
      {absent.length > 0 && (
        <div class="note warn small">
          <p>
            No sample of {absent.map((row) => row.name).join(", ")} in this part: its recall is undefined. A larger or
            stratified split would hold some.
          </p>
        </div>
      )}
      <Scroll label="Metrics by class">
        <table id="class-metrics">
          <thead>
            <HeadRow names={["class", "samples", "recall", "precision", "F1", "specificity"]} />
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row">
                  {row.name} {row.name === run.positiveClass && <span class="badge">positive</span>}
                </th>
                <td class="num">{row.support}</td>
                <td class="num">{percent(row.recall)}</td>
                <td class="num">{percent(row.precision)}</td>
                <td class="num">{percent(row.f1)}</td>
                <td class="num">{percent(row.specificity)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
