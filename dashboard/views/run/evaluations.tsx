/** @jsxImportSource hono/jsx */
// What the run said of other labelled sets (`exp evaluate`): one row a set, beside the run's own test.
import { metric, number } from "../../format.ts";
import type { EvaluationRow } from "../../queries/evaluations.ts";
import { Card, Scroll } from "../parts.tsx";

export function EvaluationsCard({ evaluations }: { evaluations: readonly EvaluationRow[] }) {
  if (evaluations.length === 0) return null;
  const seen = evaluations.filter(({ seenSamples }) => seenSamples > 0);
  return (
    <Card title="On other data" id="evaluations">
      {seen.map(({ dataset, samples, seenSamples }) => (
        <div class="note warn small">
          <p>
            The run was trained on {number(seenSamples)} of the {number(samples)} images of {dataset}: this is no
            external validation.
          </p>
        </div>
      ))}
      <Scroll label="Evaluations on other data sets">
        <table>
          <thead>
            <tr>
              <th scope="col">data set</th>
              <th scope="col">phase</th>
              {["samples", "accuracy", "recall", "precision", "F1", "AUC", "loss"].map((name) => (
                <th scope="col" class="num">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {evaluations.map((one) => (
              <EvaluationLine evaluation={one} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

function EvaluationLine({ evaluation }: { evaluation: EvaluationRow }) {
  const { runId, phase, dataset, samples, accuracy, recall, precision, f1, auc, loss } = evaluation;
  const of = encodeURIComponent(phase);
  return (
    <tr>
      <th scope="row">{dataset}</th>
      <td class="small">
        <code>{phase}</code> <a href={`/runs/${runId}?phase=${of}`}>matrix</a>{" "}
        <a href={`/runs/${runId}/evaluation?of=${of}`}>curves</a>{" "}
        <a href={`/runs/${runId}/samples?of=${of}`}>samples</a>
      </td>
      <td class="num">{number(samples)}</td>
      {[accuracy, recall, precision, f1, auc, loss].map((value) => (
        <td class="num">{metric(value)}</td>
      ))}
    </tr>
  );
}
