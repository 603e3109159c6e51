/** @jsxImportSource hono/jsx */
// What an evaluation's predictions say beyond the confusion matrix: each class by its probability, means over classes, calibration.
import type { StoredScores } from "../../../core/store/scores.ts";
import { metric } from "../../format.ts";
import { Card, Scroll } from "../parts.tsx";

interface Props {
  readonly classes: readonly string[];
  /** Null in runs that recorded none. */
  readonly scored: StoredScores | null;
}

export function ScoresCard({ classes, scored }: Props) {
  if (scored === null) return null;
  const { scores, phase } = scored;
  const over: readonly (readonly [string, number | null])[] = [
    ["balanced accuracy", scores.balancedAccuracy],
    ["Matthews correlation", scores.matthewsCorrelation],
    ["Cohen's kappa", scores.cohensKappa],
    ["Brier score", scores.brier],
    ["calibration error", scores.expectedCalibrationError],
  ];
  return (
    <Card title={`Scores, ${phase}`} id="scores-card">
      <dl class="facts">
        {over.map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{metric(value)}</dd>
          </div>
        ))}
      </dl>
      <Scroll label="Scores by class">
        <table id="scores-by-class">
          <thead>
            <tr>
              <th scope="col">class against the rest</th>
              {["recall", "precision", "F1", "AUC", "average precision", "recall at specificity 0.9"].map((name) => (
                <th scope="col" class="num">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {scores.perClass.map((one, k) => (
              <ScoreRow
                name={classes[k] ?? String(k)}
                values={[...means(one), one.averagePrecision, one.sensitivityAtSpecificity]}
              />
            ))}
            <ScoreRow name="mean over classes" values={[...means(scores.macro), null, null]} />
            <ScoreRow name="mean weighted by samples" values={[...means(scores.weighted), null, null]} />
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

function means({ recall, precision, f1, auc }: StoredScores["scores"]["macro"]): (number | null)[] {
  return [recall, precision, f1, auc];
}

function ScoreRow({ name, values }: { name: string; values: readonly (number | null)[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {values.map((value) => (
        <td class="num">{metric(value)}</td>
      ))}
    </tr>
  );
}
