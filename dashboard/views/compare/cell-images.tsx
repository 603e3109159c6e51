/** @jsxImportSource hono/jsx */
// The very images behind a cell: fixed by B, broken by B, both wrong, both right.
import { samplesOfCell, type Change, type PairComparison, type PairedSample } from "../../comparison/pair.ts";
import { percent } from "../../format.ts";
import type { CellRef } from "../confusion.tsx";
import { Gallery } from "../gallery.tsx";
import { Card } from "../parts.tsx";
import { compareHref, type CompareState } from "./state.ts";

const CHANGES: readonly (readonly [Change, string])[] = [
  ["fixed", "Fixed by B: A is wrong, B is right"],
  ["broken", "Broken by B: A is right, B is wrong"],
  ["both wrong", "Both wrong"],
  ["both right", "Both right"],
];

interface Props {
  readonly state: CompareState;
  readonly cell: CellRef;
  readonly comparison: PairComparison;
  readonly classes: readonly string[];
}

const MOST_SHOWN = 60;

export function CellImages({ state, cell, comparison, classes }: Props) {
  const samples = samplesOfCell(comparison.samples, cell);
  const [truth, said] = [classes[cell.trueClass] ?? "?", classes[cell.predictedClass] ?? "?"];
  return (
    <Card
      title={`Images that are ${truth} and that A or B calls ${said}: ${samples.length}`}
      id="images"
      aside={<a href={compareHref(state, { cell: null }, "#pair")}>Close</a>}
    >
      {samples.length === 0 && <p class="muted">No test image is in this cell, neither of A nor of B.</p>}
      {CHANGES.map(([change, title]) => {
        const own = samples.filter((one) => one.change === change);
        if (own.length === 0) return null;
        return (
          <section aria-label={title}>
            <h3>
              {title}: {own.length}
            </h3>
            <Gallery items={own.slice(0, MOST_SHOWN).map((sample) => itemOf(sample, classes))} />
          </section>
        );
      })}
    </Card>
  );
}

function itemOf(sample: PairedSample, classes: readonly string[]) {
  const truth = classes[sample.label] ?? "?";
  const line = (name: string, predicted: number, probability: number) => (
    <>
      {name}:{" "}
      <b class={predicted === sample.label ? "good" : "bad"}>
        {predicted === sample.label ? "✓" : "✗"} {classes[predicted] ?? "?"}
      </b>{" "}
      {percent(probability, 0)}
    </>
  );
  return {
    sampleId: sample.sampleId,
    thumbnail: sample.thumbnail,
    alt: `${sample.sampleId}: ${truth}`,
    lines: [
      line("A", sample.predictedA, sample.probabilityA),
      line("B", sample.predictedB, sample.probabilityB),
      `true: ${truth}`,
    ],
  };
}
