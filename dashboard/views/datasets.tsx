/** @jsxImportSource hono/jsx */
// All data sets that runs have seen.
import { count, datasetTitle, dateTime, short } from "../format.ts";
import type { DatasetRow } from "../queries/datasets.ts";
import { NoRuns } from "./experiments.tsx";
import { Page } from "./layout.tsx";
import { Card, HonestyBadges, Scroll } from "./parts.tsx";

export function DatasetsPage({ datasets }: { datasets: readonly DatasetRow[] }) {
  return (
    <Page title="Data sets" section="/datasets">
      <div class="head">
        <div>
          <h1>Data sets</h1>
          <p class="muted">Named by a digest over every sample: the same name is the same images.</p>
        </div>
      </div>
      {datasets.length === 0 ? (
        <NoRuns />
      ) : (
        <Card title={count(datasets.length, "data set")}>
          <Scroll label="Data sets">
            <table>
              <thead>
                <tr>
                  {["data set", "digest", "samples", "classes", "left out", "runs", "first seen"].map((name) => (
                    <th scope="col">{name}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {datasets.map((one) => (
                  <tr>
                    <th scope="row">
                      <a href={`/datasets/${one.digest}`} title={one.name}>
                        {datasetTitle(one.name)}
                      </a>{" "}
                      <HonestyBadges simulated={one.simulated} randomWeights={false} />
                    </th>
                    <td class="mono">{short(one.digest, 12)}</td>
                    <td class="num">{one.samples}</td>
                    <td class="wrap">{one.classes.join(", ")}</td>
                    <td class="num">{one.skipped.length}</td>
                    <td class="num">{one.runs}</td>
                    <td>{dateTime(one.createdAt)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </Card>
      )}
    </Page>
  );
}
