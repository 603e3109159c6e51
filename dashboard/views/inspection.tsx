/** @jsxImportSource hono/jsx */
// What `exp data inspect` tells of a data set, on its page: what a careful reader would remark, formats, and pairs of duplicates.
import type { StoredInspection } from "../../core/store/schema/datasets.ts";
import { count } from "../format.ts";
import { Gallery } from "./gallery.tsx";
import { Card } from "./parts.tsx";

const SHOWN = 8;

export function InspectionCard({ inspection }: { inspection: StoredInspection }) {
  const { warnings, formats, channels, groups, duplicates, hash } = inspection;
  const exact = duplicates.filter(({ kind }) => kind !== "near").length;
  const facts: readonly (readonly [string, string])[] = [
    ["formats", tally(formats)],
    ["channels", tally(channels)],
    ["groups", groups === 0 ? "none named" : String(groups)],
    [
      "duplicates",
      `${count(exact, "identical pair")}, ${count(duplicates.length - exact, "near-duplicate")} (${hash}${duplicates.length === 500 ? "; the first 500 pairs" : ""})`,
    ],
  ];
  return (
    <Card title="Inspection">
      {warnings.length > 0 && (
        <div class="note warn small">
          {warnings.map((warning) => (
            <p>{warning}</p>
          ))}
        </div>
      )}
      <table id="inspection">
        <tbody>
          {facts.map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td class="wrap">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function tally(counts: StoredInspection["formats"]): string {
  const shown = counts.slice(0, SHOWN).map(({ value, count: n }) => `${value} (${n})`);
  return shown.join(", ") + (counts.length > SHOWN ? `, and ${counts.length - SHOWN} more` : "");
}

interface PairsProps {
  readonly inspection: StoredInspection;
  readonly pairs: StoredInspection["duplicates"];
  readonly thumbnails: ReadonlyMap<string, string>;
}

/** Two pictures a pair, one after the other. */
export function PairsCard({ inspection, pairs, thumbnails }: PairsProps) {
  if (pairs.length === 0) return null;
  return (
    <Card title={`Pairs of duplicates, across classes first: ${pairs.length} of ${inspection.duplicates.length}`}>
      <Gallery
        items={pairs.flatMap((pair, i) =>
          [pair.a, pair.b].map((id) => ({
            sampleId: id,
            thumbnail: thumbnails.get(id) ?? null,
            alt: `${id}, of pair ${i + 1}`,
            lines: [`pair ${i + 1}: ${kindText(pair)}`, ...(pair.acrossClasses ? ["in two classes"] : [])],
          })),
        )}
      />
    </Card>
  );
}

function kindText({ kind, distance }: StoredInspection["duplicates"][number]): string {
  return kind === "near" ? `${distance} bits apart` : `same ${kind}`;
}
