/** @jsxImportSource hono/jsx */
// Is the difference real? Paired tests on the same images, and over the seeds, each with a sentence and its weaknesses.
import type { PairComparison } from "../../comparison/pair.ts";
import type { SeedComparison } from "../../comparison/over-seeds.ts";
import { pairSentence, pairWarnings, seedSentence } from "../../comparison/sentences.ts";
import { metric, pValue, signed } from "../../format.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { METRIC_TITLES } from "../../statistics/metrics.ts";
import { RESAMPLES } from "../../statistics/bootstrap.ts";
import { Card, HeadRow, Scroll } from "../parts.tsx";

interface Props {
  readonly a: RunDetail;
  readonly comparison: PairComparison | null;
  readonly overSeeds: readonly SeedComparison[];
  readonly pairsCompared: number;
}

export function PairTests({ a, comparison, overSeeds, pairsCompared }: Props) {
  if (comparison === null && overSeeds.length === 0) return null;
  return (
    <div class="grid2" id="tests">
      {comparison !== null && <OnSamples run={a} comparison={comparison} pairsCompared={pairsCompared} />}
      <OverSeeds overSeeds={overSeeds} />
    </div>
  );
}

function OnSamples({
  run,
  comparison,
  pairsCompared,
}: {
  run: RunDetail;
  comparison: PairComparison;
  pairsCompared: number;
}) {
  const { counts, mcnemarP, deLong, differences, samples } = comparison;
  return (
    <Card title="Is B different from A on these images?">
      <p>{pairSentence(comparison)}</p>
      <Warnings texts={pairWarnings(comparison, pairsCompared)} />
      <Scroll label="Paired tests">
        <table id="pair-tests">
          <thead>
            <HeadRow names={["metric", "A", "B", "B − A", "95 % interval"]} />
          </thead>
          <tbody>
            {differences.map((one) => (
              <tr>
                <th scope="row">{METRIC_TITLES[one.metric]}</th>
                <td class="num">{metric(one.a)}</td>
                <td class="num">{metric(one.b)}</td>
                <td class="num">{signed(one.difference)}</td>
                <td class="num">
                  {one.low95 === null
                    ? "undefined in too many resamples"
                    : `${signed(one.low95)} to ${signed(one.high95)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <dl class="facts">
        <Fact name="both right" value={String(counts["both right"])} />
        <Fact name="only A right" value={String(counts.broken)} />
        <Fact name="only B right" value={String(counts.fixed)} />
        <Fact name="both wrong" value={String(counts["both wrong"])} />
        <Fact name="McNemar mid-p" value={pValue(mcnemarP)} />
        <Fact name="DeLong p (AUC)" value={pValue(deLong?.p)} />
      </dl>
      <p class="small muted">
        {samples.length} test samples, {run.positiveClass} against the rest. Intervals: {RESAMPLES} paired bootstrap
        resamples, percentiles; McNemar's test in its mid-p form; DeLong's for the area under the ROC curve. They hold
        for these two trained networks, not for new trainings of their variants.
      </p>
    </Card>
  );
}

function OverSeeds({ overSeeds }: { overSeeds: readonly SeedComparison[] }) {
  const main = overSeeds.find((one) => one.metric === "test_accuracy") ?? overSeeds[0];
  if (main === undefined)
    return (
      <Card title="Would it last over new trainings?">
        <p class="muted">
          A and B are of one variant, or share no finished seed among the runs compared here. Add all seeds of both
          variants to see the paired interval over them.
        </p>
      </Card>
    );
  return (
    <Card title="Would it last over new trainings?">
      <p>{seedSentence(main.result, main.title)}</p>
      {main.result.n > 1 && main.result.n < 5 && (
        <Warnings
          texts={[`${main.result.n} seeds: the interval is wide because so few say little about the spread.`]}
        />
      )}
      <Scroll label="Paired over seeds">
        <table id="seed-tests">
          <thead>
            <HeadRow names={["metric", "seeds", "mean B − A", "95 % interval", "p"]} />
          </thead>
          <tbody>
            {overSeeds.map(({ title, result }) => (
              <tr>
                <th scope="row">{title}</th>
                <td class="num">{result.n}</td>
                <td class="num">{signed(result.mean)}</td>
                <td class="num">
                  {result.low95 === null ? "–" : `${signed(result.low95)} to ${signed(result.high95)}`}
                </td>
                <td class="num">{pValue(result.p)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="small muted">Differences are taken seed by seed; Student's t on them.</p>
    </Card>
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

function Warnings({ texts }: { texts: readonly string[] }) {
  if (texts.length === 0) return null;
  return (
    <div class="note warn small" role="note">
      {texts.map((text) => (
        <p>{text}</p>
      ))}
    </div>
  );
}
