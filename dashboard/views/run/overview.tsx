/** @jsxImportSource hono/jsx */
// A run at a glance: its results, curves by batch and epoch, confusion matrix by epoch, metrics by class, what it saw.
import { metric, number } from "../../format.ts";
import type { HalvingDecision } from "../../../core/store/halving.ts";
import type { StoredScores } from "../../../core/store/scores.ts";
import type { KernelTime } from "../../../core/store/kernel-times.ts";
import type { LoopDelay } from "../../../core/store/loop-delay.ts";
import type { ArtifactRow } from "../../queries/attachments.ts";
import type { EvaluationRow } from "../../queries/evaluations.ts";
import type { Matrices } from "../../queries/outcomes.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Card, Empty } from "../parts.tsx";
import { BadImagesCard } from "./bad-images.tsx";
import { ClassCard, ConfusionCard, type ShownMatrix } from "./confusion-cards.tsx";
import { EvaluationsCard } from "./evaluations.tsx";
import { RunFrame } from "./frame.tsx";
import { HalvingCard } from "./halving.tsx";
import { KernelTimesCard } from "./kernel-times.tsx";
import { RunCurves } from "./curves.tsx";
import { ScoresCard } from "./scores.tsx";

export interface OverviewProps {
  readonly run: RunDetail;
  /** Whether a batch was trained. */
  readonly begun: boolean;
  readonly matrices: Matrices;
  readonly first: ShownMatrix | null;
  readonly evaluations: readonly EvaluationRow[];
  /** Of every evaluation of the run. */
  readonly scores: readonly StoredScores[];
  readonly sheet: ArtifactRow | null;
  readonly times: readonly KernelTime[];
  readonly loopDelay: LoopDelay | null;
  readonly halving: readonly HalvingDecision[];
}

export function OverviewPage({
  run,
  begun,
  matrices,
  first,
  evaluations,
  scores,
  sheet,
  times,
  loopDelay,
  halving,
}: OverviewProps) {
  const live = run.status === "running";
  if (!begun && !live)
    return (
      <RunFrame run={run} tab="">
        <NotBegun run={run} />
        <BadImagesCard images={run.badImages} />
      </RunFrame>
    );
  return (
    <RunFrame run={run} tab="" scripts={["run-curves.js", ...(first === null ? [] : ["confusion-slider.js"])]}>
      {live && <Progress run={run} />}
      {(!live || run.valLoss !== null) && <Results run={run} />}
      <HalvingCard decisions={halving} />
      <RunCurves />
      {first === null ? (
        <Empty title="No confusion matrix">
          <p>{live ? "The first comes with the validation after epoch 1." : "It ended before its first validation."}</p>
        </Empty>
      ) : (
        <div class="grid2">
          <ConfusionCard run={run} matrices={matrices} first={first} />
          <ClassCard run={run} matrices={matrices} phase={shownPhase(matrices, first.phase)} />
        </div>
      )}
      <ScoresCard classes={run.classes ?? []} scored={scoredIn(scores, shownPhase(matrices, first?.phase))} />
      <EvaluationsCard evaluations={evaluations} />
      <BadImagesCard images={run.badImages} />
      <SheetCard sheet={sheet} />
      <KernelTimesCard times={times} loopDelay={loopDelay} />
    </RunFrame>
  );
}

function NotBegun({ run }: { run: RunDetail }) {
  if (run.status === "queued")
    return (
      <Empty title="Waits for its turn">
        <p>
          A worker takes it up: <code>exp worker</code> starts one. The <a href="/queue">queue</a> shows what is before
          it.
        </p>
      </Empty>
    );
  return (
    <Empty title="No batch was trained">
      <p>It ended before its first batch, so there are no curves and no results. Its log says how far it came.</p>
    </Empty>
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

function Progress({ run }: { run: RunDetail }) {
  return (
    <section class="card small" aria-label="Progress">
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
    </section>
  );
}

function Results({ run }: { run: RunDetail }) {
  return (
    <section class="card" aria-label="Results">
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
