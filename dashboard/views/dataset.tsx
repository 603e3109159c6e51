/** @jsxImportSource hono/jsx */
// One data set: balance by part, sizes, duplicates and leaks, what was left out, pictures, and the runs that saw it.
import type { StoredInspection } from "../../core/store/schema/datasets.ts";
import { count, datasetTitle, short } from "../format.ts";
import type { DatasetRow, DuplicateGroup, SamplePicture, SizeBin, SplitRow } from "../queries/datasets.ts";
import { BalanceCard } from "./balance-card.tsx";
import { Gallery } from "./gallery.tsx";
import { InspectionCard, PairsCard } from "./inspection.tsx";
import { Page } from "./layout.tsx";
import { Card, Empty, HonestyBadges, Scroll } from "./parts.tsx";

export interface DatasetProps {
  readonly dataset: DatasetRow;
  readonly splits: readonly SplitRow[];
  readonly split: SplitRow | null;
  readonly sizes: readonly SizeBin[];
  readonly duplicates: readonly DuplicateGroup[];
  readonly leakedGroups: number;
  readonly pictures: readonly SamplePicture[];
  /** Duplicates and near-duplicates that are shown, across classes first. */
  readonly pairs: StoredInspection["duplicates"];
  readonly thumbnails: ReadonlyMap<string, string>;
}

export function DatasetPage(props: DatasetProps) {
  const { dataset, splits, split, sizes, pictures, pairs, thumbnails } = props;
  return (
    <Page title={datasetTitle(dataset.name)} section="/datasets" scripts={split === null ? [] : ["dataset.js"]}>
      <div class="head">
        <div>
          <h1 title={dataset.name}>{datasetTitle(dataset.name)}</h1>
          <p class="row muted small">
            <code>{short(dataset.digest, 16)}</code> {count(dataset.samples, "sample")}, {dataset.classes.length}{" "}
            classes
            <HonestyBadges simulated={dataset.simulated} randomWeights={false} />
            <a href={`/runs?q=${encodeURIComponent(`dataset = ${JSON.stringify(dataset.name)}`)}`}>
              {count(dataset.runs, "run")} saw it
            </a>
          </p>
        </div>
      </div>
      {split === null ? (
        <Empty title="Not split yet">
          <p>A run splits its data set and stores the split row by row.</p>
        </Empty>
      ) : (
        <BalanceCard dataset={dataset} splits={splits} split={split} />
      )}
      {dataset.inspection !== null && <InspectionCard inspection={dataset.inspection} />}
      <div class="columns2">
        <LeakCard {...props} />
        <SizeCard sizes={sizes} />
        <SourceCard dataset={dataset} />
      </div>
      {dataset.inspection !== null && (
        <PairsCard inspection={dataset.inspection} pairs={pairs} thumbnails={thumbnails} />
      )}
      <PicturesCard dataset={dataset} pictures={pictures} />
    </Page>
  );
}

function LeakCard({ dataset, split, duplicates, leakedGroups }: DatasetProps) {
  const crossing = duplicates.filter((group) => group.parts.length > 1);
  const mixed = duplicates.filter((group) => group.labels.length > 1);
  return (
    <Card title="Duplicates and leaks">
      {crossing.length === 0 && mixed.length === 0 && leakedGroups === 0 ? (
        <p class="good">
          No identical images across parts or classes{split !== null && ", no group in more than one part"}.
        </p>
      ) : (
        <div class="note bad small">
          {crossing.length > 0 && (
            <p>{count(crossing.length, "image")} with identical copies in several parts: the test score is too good.</p>
          )}
          {mixed.length > 0 && (
            <p>{count(mixed.length, "image")} with identical copies in several classes: one label is wrong.</p>
          )}
          {leakedGroups > 0 && <p>{count(leakedGroups, "group")} in more than one part.</p>}
        </div>
      )}
      {duplicates.length > 0 && (
        <Scroll label="Identical images">
          <table>
            <thead>
              <tr>
                <th scope="col">identical images</th>
                <th scope="col">classes</th>
                <th scope="col">parts</th>
              </tr>
            </thead>
            <tbody>
              {duplicates.slice(0, 20).map((group) => (
                <tr>
                  <td class="wrap">{group.sampleIds.join(", ")}</td>
                  <td>{group.labels.map((label) => dataset.classes[label]).join(", ")}</td>
                  <td class={group.parts.length > 1 ? "bad" : undefined}>{group.parts.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Card>
  );
}

function SizeCard({ sizes }: { sizes: readonly SizeBin[] }) {
  const most = Math.max(1, ...sizes.map((size) => size.n));
  return (
    <Card title="Image sizes">
      <table>
        <thead>
          <tr>
            <th scope="col">pixels</th>
            <th scope="col" class="num">
              images
            </th>
            <th scope="col">
              <span class="visually-hidden">share</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sizes.map(({ widthPx, heightPx, n }) => (
            <tr>
              <th scope="row">
                {widthPx} × {heightPx}
              </th>
              <td class="num">{n}</td>
              <td>
                <svg width="120" height="10" viewBox="0 0 120 10" aria-hidden="true">
                  <rect class="bar" width={(120 * n) / most} height="10" rx="2" />
                </svg>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="small muted">The commonest sizes, at most twelve.</p>
    </Card>
  );
}

function SourceCard({ dataset }: { dataset: DatasetRow }) {
  return (
    <Card title="Source">
      <pre tabindex={0}>{JSON.stringify(dataset.source, null, 2)}</pre>
      {dataset.skipped.length > 0 && (
        <>
          <h3>Left out</h3>
          <ul>
            {dataset.skipped.slice(0, 50).map(({ id, reason }) => (
              <li>
                <code>{id}</code>: {reason}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function PicturesCard({ dataset, pictures }: { dataset: DatasetRow; pictures: readonly SamplePicture[] }) {
  if (pictures.length === 0) return null;
  return (
    <Card title="Pictures, in turn by class">
      <Gallery
        items={pictures.map(({ sampleId, label, part, thumbnail }) => ({
          sampleId,
          thumbnail,
          alt: `${sampleId}: ${dataset.classes[label] ?? "?"}`,
          lines: [`${dataset.classes[label] ?? "?"} · ${part ?? "in no part"}`],
        }))}
      />
    </Card>
  );
}
