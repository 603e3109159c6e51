/** @jsxImportSource hono/jsx */
// ROC, precision-recall and calibration of the positive class against the rest, and every number at a movable threshold.
import type { SamplePrediction } from "../../queries/outcomes.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Data } from "../layout.tsx";
import { Card, Chart, Empty, Segments } from "../parts.tsx";
import { RunFrame } from "./frame.tsx";
import { NoPredictions } from "./no-predictions.tsx";

interface Props {
  readonly run: RunDetail;
  readonly phase: string;
  readonly phases: readonly string[];
  readonly predictions: readonly SamplePrediction[];
}

const NUMBERS = [
  ["recall", "recall"],
  ["precision", "precision"],
  ["f1", "F1"],
  ["specificity", "specificity"],
  ["accuracy", "accuracy"],
] as const;

const COUNTS = [
  ["tp", "true positives"],
  ["fp", "false positives"],
  ["fn", "missed"],
  ["tn", "true negatives"],
] as const;

export function EvaluationPage({ run, phase, phases, predictions }: Props) {
  const positive = (run.classes ?? []).indexOf(run.positiveClass ?? "");
  const isPositive = predictions.map((row) => row.label === positive);
  const both = isPositive.includes(true) && isPositive.includes(false);
  if (!both)
    return (
      <RunFrame run={run} tab="evaluation">
        {predictions.length === 0 ? (
          <NoPredictions run={run} />
        ) : (
          <>
            <Phases run={run} phase={phase} phases={phases} />
            <OneClass run={run} n={predictions.length} />
          </>
        )}
      </RunFrame>
    );
  const score = predictions.map((row) => row.probabilities[positive] ?? 0);
  const others = (run.classes ?? []).filter((name) => name !== run.positiveClass).join(", ");
  return (
    <RunFrame run={run} tab="evaluation" scripts={["evaluation.js"]}>
      <Data id="scores" value={{ positive: isPositive, score }} />
      <section class="card" aria-label="Threshold">
        <div class="row">
          <p>
            <b>{run.positiveClass}</b> against {others}, {predictions.length} {phase} samples
          </p>
          <Phases run={run} phase={phase} phases={phases} />
          <label class="end">
            Called {run.positiveClass} from probability
            <input type="range" id="threshold" min="0" max="1" step="0.01" />
            <output id="threshold-value" for="threshold"></output>
          </label>
        </div>
        <dl class="facts" aria-live="polite">
          {NUMBERS.map(([key, name]) => (
            <div>
              <dt>{name}</dt>
              <dd data-at={key}></dd>
            </div>
          ))}
          {COUNTS.map(([key, name]) => (
            <div>
              <dt>{name}</dt>
              <dd data-at={key} data-count="1"></dd>
            </div>
          ))}
        </dl>
        {(run.classes ?? []).length > 2 && (
          <p class="small muted">
            Here an image counts as {run.positiveClass} from this probability on. The overview counts the most probable
            of all {run.classes?.length} classes, which can be {run.positiveClass} below 0.5: its numbers differ.
          </p>
        )}
        {phase === "test" && (
          <p class="small muted">
            A threshold chosen on the test samples flatters the run: choose it on val, then read the test numbers.
          </p>
        )}
      </section>
      <div class="grid3">
        <ChartCard id="roc" title="ROC curve" value="auc" name="area" />
        <ChartCard id="pr" title="Precision and recall" value="ap" name="average precision" />
        <ChartCard id="calibration" title="Calibration" value="ece" name="expected calibration error" />
      </div>
    </RunFrame>
  );
}

function Phases({ run, phase, phases }: Omit<Props, "predictions">) {
  return (
    <Segments
      label="Phase"
      choices={phases.map((name) => ({
        name,
        href: `/runs/${run.runId}/evaluation${name === "test" ? "" : `?of=${name}`}`,
        current: name === phase,
      }))}
    />
  );
}

function ChartCard({ id, title, value, name }: { id: string; title: string; value: string; name: string }) {
  return (
    <Card
      title={title}
      aside={
        <span class="muted small">
          {name} <b id={value}></b>
        </span>
      }
    >
      <Chart id={id} title={title} label={`${title}; its points are behind the CSV button`} />
    </Card>
  );
}

function OneClass({ run, n }: { run: RunDetail; n: number }) {
  return (
    <Empty title="One class only">
      <p>
        All {n} samples of this part are of one side of {run.positiveClass}: ROC, AUC and recall are undefined. A larger
        or stratified split would hold both.
      </p>
    </Empty>
  );
}
