/** @jsxImportSource hono/jsx */
// A report as one HTML file.
import { groupCurves } from "../comparison/groups.ts";
import { seedSentence } from "../comparison/sentences.ts";
import { datasetTitle } from "../format.ts";
import type { Sql } from "../sql.ts";
import { Confusion } from "../views/confusion.tsx";
import { Card, ForeignBadges, HonestyBadges, Scroll } from "../views/parts.tsx";
import { CurveCards, readCurveCharts, type CurveChart } from "./curves.tsx";
import { Document, htmlText } from "./document.tsx";
import type { ExperimentReport, ReportPart, VariantTest } from "./experiment.ts";
import { confusionTitle, originTables, resultTables, weaknesses, type ReportTable } from "./tables.ts";

/** @returns HTML text */
export async function experimentFile(sql: Sql, report: ExperimentReport): Promise<string> {
  const charts = await Promise.all(
    report.parts.map(({ variants }) =>
      readCurveCharts(
        sql,
        groupCurves(
          variants.flatMap(({ runs }) => runs),
          "variant",
        ),
      ),
    ),
  );
  const runs = report.parts.flatMap((part) => part.runs);
  return htmlText(
    <Document
      title={report.name}
      madeAt={report.madeAt}
      about={
        <>
          {report.parts.map(({ grid }) => datasetTitle(grid.dataset)).join(", ")}
          <HonestyBadges
            simulated={runs.some((run) => run.simulated)}
            randomWeights={runs.some((run) => run.init === "random")}
          />
          <ForeignBadges runs={runs} />
        </>
      }
    >
      {report.question !== null && (
        <Card title="Question">
          <pre class="wrap">{report.question.trim()}</pre>
        </Card>
      )}
      {report.parts.map((part, i) => (
        <Part part={part} charts={charts[i] ?? []} titled={report.parts.length > 1} />
      ))}
    </Document>,
  );
}

function Part({ part, charts, titled }: { part: ReportPart; charts: readonly CurveChart[]; titled: boolean }) {
  const notes = weaknesses(part);
  return (
    <>
      {titled && <h2>On {datasetTitle(part.grid.dataset)}</h2>}
      {notes.length > 0 && (
        <div class="note warn" role="note">
          {notes.map((text) => (
            <p>{text}</p>
          ))}
        </div>
      )}
      {resultTables(part).map((table) => (
        <TableCard table={table} sentences={table.id === "over-seeds" ? sentencesOf(part.overSeeds) : []} />
      ))}
      <CurveCards charts={charts} />
      <Card title="Confusion matrices">
        <div class="matrices">
          {part.variants.map(
            ({ name, runs, confusion }) =>
              confusion !== null && (
                <Scroll label={`Confusion matrix of ${name}`}>
                  <Confusion
                    classes={runs[0]?.classes ?? []}
                    counts={confusion}
                    caption={confusionTitle({ name, runs })}
                  />
                </Scroll>
              ),
          )}
        </div>
      </Card>
      {originTables(part).map((table) => (
        <TableCard table={table} />
      ))}
    </>
  );
}

/** In plain words, of test accuracy. */
function sentencesOf(tests: readonly VariantTest[]): string[] {
  return tests
    .filter(({ result }) => result.metric === "test_accuracy")
    .map(({ variant, result }) => `B = ${variant}: ${seedSentence(result.result, result.title)}`);
}

function TableCard({ table, sentences = [] }: { table: ReportTable; sentences?: readonly string[] }) {
  const { id, title, head, rows, note } = table;
  return (
    <Card title={title} id={id}>
      {sentences.map((text) => (
        <p>{text}</p>
      ))}
      <Scroll label={title}>
        <table>
          <thead>
            <tr>
              {head.map((name) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, ...cells]) => (
              <tr>
                <th scope="row">{name}</th>
                {cells.map((cell) => (
                  <td>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {note !== null && <p class="small muted">{note}</p>}
    </Card>
  );
}
