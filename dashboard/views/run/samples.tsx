/** @jsxImportSource hono/jsx */
// Every val or test sample with what the run said of it: sorted by loss or confidence, filtered by a cell of the matrix.
import { Confusion, type CellRef } from "../confusion.tsx";
import { confusionOf } from "../../confusion.ts";
import { number, percent, short } from "../../format.ts";
import type { SamplePrediction } from "../../queries/outcomes.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Gallery } from "../gallery.tsx";
import { Card, Scroll, Segments } from "../parts.tsx";
import { RunFrame } from "./frame.tsx";
import { NoPredictions } from "./no-predictions.tsx";

export interface SamplesState {
  readonly phase: string;
  readonly sort: SampleSort;
  readonly cell: CellRef | null;
  readonly page: number;
}

export const SAMPLE_SORTS = [
  ["loss", "highest loss"],
  ["sure", "most certain"],
  ["unsure", "least certain"],
  ["order", "as evaluated"],
] as const;
export type SampleSort = (typeof SAMPLE_SORTS)[number][0];
const PER_PAGE = 60;

interface Props {
  readonly run: RunDetail;
  readonly state: SamplesState;
  readonly phases: readonly string[];
  readonly predictions: readonly SamplePrediction[];
  /** Grad-CAM, artifact id by sample. */
  readonly overlays: ReadonlyMap<string, string>;
}

export function SamplesPage({ run, state, phases, predictions, overlays }: Props) {
  const classes = run.classes ?? [];
  if (predictions.length === 0)
    return (
      <RunFrame run={run} tab="samples">
        <NoPredictions run={run} />
      </RunFrame>
    );
  const chosen = sorted(predictions, state.sort).filter((row) => inCell(row, state.cell));
  const pages = Math.max(1, Math.ceil(chosen.length / PER_PAGE));
  const shown = chosen.slice((state.page - 1) * PER_PAGE, state.page * PER_PAGE);
  const href = (change: Partial<SamplesState>) => samplesHref(run.runId, { ...state, page: 1, ...change });
  return (
    <RunFrame run={run} tab="samples">
      <div class="row small card">
        <Segments
          label="Phase"
          choices={phases.map((name) => ({ name, href: href({ phase: name }), current: name === state.phase }))}
        />
        <Segments
          label="Sort"
          choices={SAMPLE_SORTS.map(([key, name]) => ({
            name,
            href: href({ sort: key }),
            current: key === state.sort,
          }))}
        />
        {state.cell !== null && <a href={href({ cell: null })}>All cells</a>}
      </div>
      <Card title={`Cells, ${state.phase}`}>
        <Scroll label="Confusion matrix">
          <Confusion
            classes={classes}
            counts={confusionOf(predictions, classes.length)}
            caption="Choose a cell to see its images."
            hrefOf={(cell) => href({ cell })}
            open={state.cell}
          />
        </Scroll>
      </Card>
      <Card title={titleOf(state.cell, classes, chosen.length)}>
        {shown.length === 0 ? (
          <p class="muted">No sample is in this cell.</p>
        ) : (
          <Gallery items={shown.map((row) => itemOf(row, classes, overlays))} />
        )}
        <LookedAt run={run} explained={shown.some(({ sampleId }) => overlays.has(sampleId))} />
        {pages > 1 && (
          <nav class="row" aria-label="Pages">
            {state.page > 1 && <a href={href({ page: state.page - 1 })}>Previous</a>}
            <span class="muted">
              page {state.page} of {pages}
            </span>
            {state.page < pages && <a href={href({ page: state.page + 1 })}>Next</a>}
          </nav>
        )}
      </Card>
    </RunFrame>
  );
}

/** What the overlays are, or how to have some. */
function LookedAt({ run, explained }: { run: RunDetail; explained: boolean }) {
  if (explained)
    return (
      <p class="muted small">
        Beside each image: Grad-CAM of the class that the run says, red where it is seen most. It shows where, not why.
      </p>
    );
  if (run.kind !== "lockstep") return null;
  return (
    <p class="muted small">
      Where did the network look? <code>exp explain {short(run.runId)}</code> stores a Grad-CAM overlay of each test
      sample; they are then shown here.
    </p>
  );
}

function samplesHref(runId: string, { phase, sort, cell, page }: SamplesState): string {
  const params = new URLSearchParams();
  if (phase !== "test") params.set("of", phase);
  if (sort !== "loss") params.set("sort", sort);
  if (cell !== null) params.set("cell", `${cell.trueClass},${cell.predictedClass}`);
  if (page !== 1) params.set("page", String(page));
  return `/runs/${runId}/samples?${params.toString()}`.replace(/\?$/, "");
}

function sorted(rows: readonly SamplePrediction[], sort: SampleSort): SamplePrediction[] {
  const own = (row: SamplePrediction) => row.probabilities[row.label] ?? 0;
  const sure = (row: SamplePrediction) => row.probabilities[row.predicted] ?? 0;
  const order = {
    loss: (a: SamplePrediction, b: SamplePrediction) => own(a) - own(b),
    sure: (a: SamplePrediction, b: SamplePrediction) => sure(b) - sure(a),
    unsure: (a: SamplePrediction, b: SamplePrediction) => sure(a) - sure(b),
    order: () => 0,
  };
  return [...rows].sort(order[sort]);
}

function inCell(row: SamplePrediction, cell: CellRef | null): boolean {
  return cell === null || (row.label === cell.trueClass && row.predicted === cell.predictedClass);
}

function titleOf(cell: CellRef | null, classes: readonly string[], n: number): string {
  if (cell === null) return `${n} samples`;
  return `${n} × ${classes[cell.trueClass] ?? "?"} predicted as ${classes[cell.predictedClass] ?? "?"}`;
}

function itemOf(row: SamplePrediction, classes: readonly string[], overlays: Props["overlays"]) {
  const truth = classes[row.label] ?? "?";
  const said = classes[row.predicted] ?? "?";
  const right = row.label === row.predicted;
  return {
    sampleId: row.sampleId,
    thumbnail: row.thumbnail,
    overlay: overlays.get(row.sampleId) ?? null,
    alt: `${row.sampleId}: ${truth}, predicted as ${said}`,
    lines: [
      <b class={right ? "good" : "bad"}>{right ? `✓ ${truth}` : `✗ ${truth} → ${said}`}</b>,
      `${percent(row.probabilities[row.predicted], 0)} · loss ${number(-Math.log(row.probabilities[row.label] ?? 0))}`,
    ],
  };
}
