/** @jsxImportSource hono/jsx */
// Samples of a data set by class and part of a split.
import { count, setting, short } from "../format.ts";
import type { DatasetRow, SplitRow } from "../queries/datasets.ts";
import { Data } from "./layout.tsx";
import { Card, Chart, Scroll } from "./parts.tsx";

const PARTS = ["train", "val", "test"];

/** @example "train 0.7, val 0.15, test 0.15, seed 0" */
function splitText(settings: unknown): string {
  const given = (settings ?? {}) as Record<string, unknown>;
  const keys = [...PARTS, "folds", "seed"].filter((key) => given[key] !== undefined);
  return keys.map((key) => `${key} ${setting(given[key])}`).join(", ");
}

export function BalanceCard({
  dataset,
  splits,
  split,
}: {
  dataset: DatasetRow;
  splits: readonly SplitRow[];
  split: SplitRow;
}) {
  const parts = PARTS.map((part) => ({ part, counts: dataset.classes.map((_, k) => split.counts?.[part]?.[k] ?? 0) }));
  const empty = parts.flatMap(({ part, counts }) =>
    counts.flatMap((n, k) => (n === 0 ? [`${dataset.classes[k] ?? "?"} in ${part}`] : [])),
  );
  return (
    <Card
      title="Balance and split"
      aside={
        <form method="get" class="row small">
          <label>
            Split
            <select name="split" data-submit>
              {splits.map((one) => (
                <option value={one.digest} selected={one.digest === split.digest}>
                  {short(one.digest)} · {count(one.runs, "run")}
                </option>
              ))}
            </select>
          </label>
        </form>
      }
    >
      {empty.length > 0 && (
        <div class="note warn small">
          <p>
            No sample of {empty.join(", ")}: metrics of that class are undefined there. Use more samples or another
            split.
          </p>
        </div>
      )}
      <div class="grid2">
        <div>
          <Data id="balance" value={{ classes: dataset.classes, parts }} />
          <Chart
            id="balance-chart"
            title="Balance"
            label="Samples by class and part; the table beside it has the numbers"
          />
        </div>
        <Scroll label="Samples by class and part">
          <table id="balance-table">
            <caption>{splitText(split.settings)}</caption>
            <thead>
              <tr>
                <th scope="col">class</th>
                {PARTS.map((part) => (
                  <th scope="col" class="num">
                    {part}
                  </th>
                ))}
                <th scope="col" class="num">
                  all
                </th>
              </tr>
            </thead>
            <tbody>
              {dataset.classes.map((name, k) => (
                <tr>
                  <th scope="row">{name}</th>
                  {parts.map(({ counts }) => (
                    <td class="num">{counts[k]}</td>
                  ))}
                  <td class="num">{parts.reduce((sum, { counts }) => sum + (counts[k] ?? 0), 0)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </div>
    </Card>
  );
}
