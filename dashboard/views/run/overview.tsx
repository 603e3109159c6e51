/** @jsxImportSource hono/jsx */
// A run at a glance: its results, curves by batch and epoch, confusion matrix by epoch, metrics by class, what it saw.
import { classMetrics, type ConfusionMode } from "../../confusion.ts";
import { metric, number, percent } from "../../format.ts";
import type { HalvingDecision } from "../../../core/store/halving.ts";
import type { StoredScores } from "../../../core/store/scores.ts";
import type { KernelTime } from "../../../core/store/kernel-times.ts";
import type { ArtifactRow } from "../../queries/attachments.ts";
import type { EvaluationRow } from "../../queries/evaluations.ts";
import type { Matrices } from "../../queries/outcomes.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Confusion } from "../confusion.tsx";
import { Data } from "../layout.tsx";
import { Card, Empty, Scroll } from "../parts.tsx";
import { BadImagesCard } from "./bad-images.tsx";
import { EvaluationsCard } from "./evaluations.tsx";
import { RunFrame } from "./frame.tsx";
import { HalvingCard } from "./halving.tsx";
import { KernelTimesCard } from "./kernel-times.tsx";
import { RunCurves } from "./curves.tsx";
import { ScoresCard } from "./scores.tsx";

export interface OverviewProps {
  readonly run: RunDetail;
  readonly matrices: Matrices;
  readonly first: { readonly phase: string; readonly epoch: number; readonly show: ConfusionMode } | null;
  readonly evaluations: readonly EvaluationRow[];
  /** Of every evaluation of the run. */
  readonly scores: readonly StoredScores[];
  readonly sheet: ArtifactRow | null;
  readonly times: readonly KernelTime[];
  readonly halving: readonly HalvingDecision[];
}

export function OverviewPage({ run, matrices, first, evaluations, scores, sheet, times, halving }: OverviewProps) {
  const scripts = ["run-curves.js", ...(first === null ? [] : ["confusion-slider.js"])];
  return (
    <RunFrame run={run} tab="" scripts={scripts}>
      <Results run={run} />
      <HalvingCard decisions={halving} />
      <RunCurves />
      <div class="grid2">
        {first === null ? (
          <Empty title="No confusion matrix yet">
            <p>The first comes with the validation after epoch 1.</p>
          </Empty>
        ) : (
          <ConfusionCard run={run} matrices={matrices} first={first} />
        )}
        <ClassCard run={run} matrices={matrices} phase={shownPhase(matrices, first?.phase)} />
      </div>
      <ScoresCard classes={run.classes ?? []} scored={scoredIn(scores, shownPhase(matrices, first?.phase))} />
      <EvaluationsCard evaluations={evaluations} />
      <BadImagesCard images={run.badImages} />
      <SheetCard sheet={sheet} />
      <KernelTimesCard times={times} />
    </RunFrame>
  );
}

/** The evaluation that was asked for, else the test, else the validation. */
function shownPhase(matrices: Matrices, asked: string | undefined): string {
  if (asked?.startsWith("external:")) return asked;
  return matrices["test"] === undefined ? "val" : "test";
}

/** Of the phase's last epoch. */
function scoredIn(scores: readonly StoredScores[], phase: string): StoredScores | null {
  return scores.filter((one) => one.phase === phase).at(-1) ?? null;
}

function Results({ run }: { run: RunDetail }) {
  const live = run.status === "running";
  return (
    <section class="card" aria-label="Results">
      {live && (
        <div class="small">
          <progress data-progress="share" max="1" value="0" aria-label="Progress of the training"></progress>
          <p class="row muted">
            <span>
              epoch <b data-progress="epoch">–</b> of {run.epochs}, batch <b data-progress="batch">–</b>
            </span>
            <span>
              <b data-progress="imagesPerSecond">–</b> images/s
            </span>
            <span>
              <b data-progress="left">–</b> left
            </span>
          </p>
        </div>
      )}
      <dl class="facts">
        <Fact name="test accuracy" value={metric(run.testAccuracy)} />
        <Fact name={`recall of ${run.positiveClass ?? "positive"}`} value={metric(run.testRecall)} />
        <Fact name="precision" value={metric(run.testPrecision)} />
        <Fact name="F1" value={metric(run.testF1)} />
        <Fact name="AUC" value={metric(run.testAuc)} />
        <Fact name="test loss" value={metric(run.testLoss)} />
        <Fact name="best val loss" value={metric(run.valLoss)} />
        <Fact name="best epoch" value={run.bestEpoch === null ? "–" : `${run.bestEpoch} of ${run.epochs ?? "–"}`} />
        <Fact name="test samples" value={number(run.testSamples)} />
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function ConfusionCard({
  run,
  matrices,
  first,
}: {
  run: RunDetail;
  matrices: Matrices;
  first: NonNullable<OverviewProps["first"]>;
}) {
  const classes = run.classes ?? [];
  const counts = matrices[first.phase]?.[first.epoch] ?? [];
  return (
    <Card
      title="Confusion matrix"
      id="confusion-card"
      aside={
        <button type="button" class="tiny" data-csv="confusion" hidden>
          CSV
        </button>
      }
    >
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
function ClassCard({ run, matrices, phase }: { run: RunDetail; matrices: Matrices; phase: string }) {
  const counts = Object.values(matrices[phase] ?? {}).at(-1);
  if (counts === undefined) return null;
  const rows = classMetrics(counts, run.classes ?? []);
  const absent = rows.filter((row) => row.support === 0);
  return (
    <Card
      title={`By class, ${phase}`}
      aside={
        <button type="button" class="tiny" data-csv="class-metrics" hidden>
          CSV
        </button>
      }
    >
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
            <tr>
              {["class", "samples", "recall", "precision", "F1", "specificity"].map((name, i) => (
                <th scope="col" class={i === 0 ? undefined : "num"}>
                  {name}
                </th>
              ))}
            </tr>
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

function SheetCard({ sheet }: { sheet: ArtifactRow | null }) {
  if (sheet === null) return null;
  return (
    <Card title="What the network saw: augmented training images">
      <img
        class="sheet"
        src={`/artifacts/${sheet.artifactId}`}
        alt="Twelve augmented training images with their class names"
        loading="lazy"
      />
    </Card>
  );
}
