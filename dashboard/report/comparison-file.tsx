/** @jsxImportSource hono/jsx */
// The compare page as one file: curves, one pair in depth, metrics, scores, differences, and which runs it is of.
import { count } from "../format.ts";
import type { Sql } from "../sql.ts";
import { ConfigDifferences } from "../views/compare/differences.tsx";
import { MetricTable } from "../views/compare/metric-table.tsx";
import { PairSection } from "../views/compare/pair.tsx";
import { ScoreTable } from "../views/compare/score-table.tsx";
import type { CompareProps } from "../views/compare/page.tsx";
import { ForeignBadges, HonestyBadges } from "../views/parts.tsx";
import { CurveCards, readCurveCharts } from "./curves.tsx";
import { Document, htmlText } from "./document.tsx";
import { RunList } from "./run-list.tsx";

/** @returns HTML text */
export async function comparisonFile(sql: Sql, comparison: CompareProps, madeAt: Date): Promise<string> {
  const { state, runs, groups, tests, scores, pair } = comparison;
  const charts = await readCurveCharts(sql, groups);
  const experiments = [...new Set(runs.map((run) => run.experiment))].join(", ");
  return htmlText(
    <Document
      title={`Compare ${count(runs.length, "run")}`}
      madeAt={madeAt}
      about={
        <>
          {experiments}
          <HonestyBadges
            simulated={runs.some((run) => run.simulated)}
            randomWeights={runs.some((run) => run.init === "random")}
          />
          <ForeignBadges runs={runs} />
        </>
      }
    >
      <CurveCards charts={charts} />
      {pair !== null && <PairSection state={state} runs={runs} {...pair} />}
      <MetricTable state={state} runs={runs} tests={tests} />
      <ScoreTable runs={runs} scores={scores} phase={state.of} />
      <ConfigDifferences runs={runs} />
      <RunList runs={runs} />
    </Document>,
  );
}
