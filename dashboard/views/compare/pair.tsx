/** @jsxImportSource hono/jsx */
// One pair in depth: both confusion matrices and their signed difference, where a cell opens its images, and the tests.
import { seedText } from "../../../core/store/seed-text.ts";
import { useContext } from "hono/jsx";
import type { PairComparison } from "../../comparison/pair.ts";
import type { SeedComparison } from "../../comparison/over-seeds.ts";
import type { Counts } from "../../confusion.ts";
import { short } from "../../format.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Confusion, ConfusionDifference, type CellRef } from "../confusion.tsx";
import { Card, Scroll } from "../parts.tsx";
import { InFile } from "../in-file.ts";
import { CellImages } from "./cell-images.tsx";
import { SelectionFields } from "./selection.tsx";
import { PairTests } from "./tests.tsx";
import { compareHref, type CompareState } from "./state.ts";

export interface PairProps {
  readonly state: CompareState;
  readonly runs: readonly RunDetail[];
  readonly a: RunDetail;
  readonly b: RunDetail;
  readonly countsA: Counts | null;
  readonly countsB: Counts | null;
  /** Null where they cannot be paired; then `unpaired` says why. */
  readonly comparison: PairComparison | null;
  readonly unpaired: string | null;
  readonly overSeeds: readonly SeedComparison[];
}

export function PairSection(props: PairProps) {
  const { state, runs, a, b, countsA, countsB, comparison, unpaired, overSeeds } = props;
  const classes = a.classes ?? [];
  const sameClasses = JSON.stringify(a.classes) === JSON.stringify(b.classes);
  const chosen = { ...state, a: short(a.runId), b: short(b.runId) };
  const still = useContext(InFile) || comparison === null;
  const hrefOf = still ? undefined : (cell: CellRef) => compareHref(chosen, { cell }, "#images");
  return (
    <>
      <Card title="Pair in depth" id="pair" aside={<PairForm state={chosen} runs={runs} />}>
        <p class="small muted">
          <b>A</b> is {nameOf(a)}, <b>B</b> is {nameOf(b)}. {hrefOf !== undefined && "Choose a cell to see its images."}
        </p>
        {unpaired !== null && (
          <div class="note warn">
            <p>
              {unpaired} They can be set side by side, but paired tests would compare different images and are not
              shown.
            </p>
          </div>
        )}
        <div class="matrices">
          {countsA !== null && (
            <Scroll label="Confusion matrix of A">
              <Confusion
                classes={classes}
                counts={countsA}
                caption={`A: ${nameOf(a)}`}
                hrefOf={hrefOf}
                open={state.cell}
              />
            </Scroll>
          )}
          {countsB !== null && (
            <Scroll label="Confusion matrix of B">
              <Confusion
                classes={b.classes ?? []}
                counts={countsB}
                caption={`B: ${nameOf(b)}`}
                hrefOf={hrefOf}
                open={state.cell}
              />
            </Scroll>
          )}
          {countsA !== null && countsB !== null && sameClasses && comparison !== null && (
            <Scroll label="Difference of the two">
              <ConfusionDifference
                id="difference"
                classes={classes}
                a={countsA}
                b={countsB}
                caption="B − A: green is better in B, red worse"
                hrefOf={hrefOf}
                open={state.cell}
              />
            </Scroll>
          )}
        </div>
      </Card>
      {comparison !== null && state.cell !== null && (
        <CellImages state={chosen} cell={state.cell} comparison={comparison} classes={classes} />
      )}
      <PairTests a={a} comparison={comparison} overSeeds={overSeeds} pairsCompared={runs.length - 1} />
    </>
  );
}

function PairForm({ state, runs }: { state: CompareState; runs: readonly RunDetail[] }) {
  const select = (side: "a" | "b") => (
    <label>
      {side.toUpperCase()}
      <select name={side} data-submit>
        {offered(runs, state).map((run) => (
          <option value={short(run.runId)} selected={state[side] === short(run.runId)}>
            {nameOf(run)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <form method="get" action="/compare#pair" class="row small">
      <SelectionFields state={state} />
      {select("a")}
      {select("b")}
      <a class="button" href={compareHref(state, { a: state.b, b: state.a, cell: null }, "#pair")}>
        Swap
      </a>
    </form>
  );
}

const MOST_OFFERED = 100;

/** The first runs, and the two that are chosen. */
function offered(runs: readonly RunDetail[], { a, b }: CompareState): RunDetail[] {
  return runs.filter((run, i) => i < MOST_OFFERED || [a, b].includes(short(run.runId)));
}

function nameOf(run: RunDetail): string {
  return `${run.variant} / ${seedText(run)}`;
}
