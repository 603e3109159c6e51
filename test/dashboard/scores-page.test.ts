// Scores by class and over classes on the run page and the compare page: as they were recorded, "–" where undefined.
import { afterAll, beforeAll, expect, it } from "vitest";
import { insertAll } from "../../core/store/events/apply-events.ts";
import { readScores } from "../../core/store/index.ts";
import { classMetrics, type ClassMetrics } from "../../core/train/metrics.ts";
import { metric } from "../../dashboard/format.ts";
import { openSampleDashboard, textOf, type SampleDashboard } from "./sample-dashboard.ts";

/** A class that is never predicted: its precision is undefined, and with it Matthews' correlation. */
const scores = classMetrics(
  {
    labels: [0, 0, 0, 1],
    predicted: [0, 0, 0, 0],
    probabilities: [0.9, 0.8, 0.7, 0.6].map((p) => [p, 1 - p]),
  },
  2,
);

let dashboard: SampleDashboard;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
  for (const variant of ["frozen", "unfrozen"]) await record(variant, scores);
});
afterAll(() => dashboard.close());

async function record(variant: string, of: ClassMetrics): Promise<void> {
  const event = { kind: "scores", phase: "test", epoch: 1, scores: of } as const;
  await dashboard.store.sql.begin((sql) => insertAll(sql, dashboard.run(variant, 0).runId, [{ seq: 1, event }]));
}

it("what is stored of scores is read back to the last bit", async () => {
  const [stored] = await readScores(dashboard.store, dashboard.run("frozen", 0).runId);
  const { perClass, ...over } = stored?.scores ?? {};
  const { perClass: recorded, ...expected } = scores;
  expect(over).toEqual(expected);
  expect(perClass?.map(({ auc }) => auc)).toEqual(recorded.map(({ auc }) => auc));
});

it("the run page shows them by class and over classes, an undefined one as a dash", async () => {
  const text = textOf(await dashboard.page(`/runs/${dashboard.run("frozen", 0).runId}`));
  expect(text).toContain(`Scores, test balanced accuracy 0.500 Matthews correlation ${metric(null)}`);
  expect(text).toContain(`Brier score ${metric(scores.brier)}`);
  expect(text).toContain("mean weighted by samples");
  expect(textOf(await dashboard.page(`/runs/${dashboard.run("frozen", 1).runId}`))).not.toContain("Scores, test");
});

it("the compare page shows them run by run", async () => {
  const ids = ["frozen", "unfrozen"].map((variant) => dashboard.run(variant, 0).runId);
  const text = textOf(await dashboard.page(`/compare?runs=${ids.join(",")}`));
  expect(text).toMatch(/Scores, test .*frozen \/ 0 0\.500 .*unfrozen \/ 0 0\.500/);
});

it("the views hold them, and means over seeds too", async () => {
  const { runId } = dashboard.run("frozen", 0);
  const [epoch] = await dashboard.store
    .sql`select brier, macro_auc from v_epochs where run_id = ${runId} and phase = 'test'`;
  expect(epoch).toEqual({ brier: scores.brier, macro_auc: scores.macro.auc });
  const [run] = await dashboard.store
    .sql`select test_brier, test_matthews_correlation from v_runs where run_id = ${runId}`;
  expect(run).toEqual({ test_brier: scores.brier, test_matthews_correlation: null });
  const [variant] = await dashboard.store.sql<{ mean: number; n: number }[]>`
    select mean, n::int as n from v_variants where variant = 'frozen' and metric = 'test_brier'`;
  expect(variant).toEqual({ mean: scores.brier, n: 1 });
});
