// The compare page: matrices and their difference, the images of a cell, paired tests, honest refusals.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSampleDashboard, textOf, type SampleDashboard } from "./sample-dashboard.ts";

let dashboard: SampleDashboard;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
});
afterAll(() => dashboard.close());

const pairPath = (rest = "") => {
  const [a, b] = [dashboard.run("frozen", 0), dashboard.run("unfrozen", 0)].map((run) => run.runId.slice(0, 8));
  return `/compare?runs=${a},${b}&a=${a}&b=${b}${rest}`;
};

describe("compare", () => {
  it("the difference of two matrices is B minus A", async () => {
    const html = await dashboard.page(pairPath());
    const [a, b, difference] = [...html.matchAll(/<table class="confusion"[\s\S]*?<\/table>/g)].map(([table]) =>
      [...table.matchAll(/>([−+]?\d+)<\/a>/g)].map((match) => Number((match[1] ?? "").replace("−", "-"))),
    );
    expect(difference).toHaveLength(4);
    expect(difference).toEqual(b?.map((value, i) => value - (a?.[i] ?? 0)));
  });

  it("a cell opens its very images, each with a picture", async () => {
    const html = await dashboard.page(pairPath("&cell=1,0"));
    const [row] = await dashboard.store.sql<{ n: number }[]>`
      select count(*)::int as n from v_predictions a join v_predictions b using (sample_id, phase)
      where a.variant = 'frozen' and a.seed = 0 and b.variant = 'unfrozen' and b.seed = 0 and phase = 'test'
        and a.label = 1 and (a.predicted = 0 or b.predicted = 0)`;
    expect(row?.n).toBeGreaterThan(0);
    expect(textOf(html)).toContain(`that A or B calls benign: ${row?.n}`);
    expect(html.match(/<img src="\/artifacts\//g)).toHaveLength(row?.n ?? 0);
    expect(textOf(html)).toContain("Fixed by B");
  });

  it("says in plain words how many images tell them apart", async () => {
    const text = textOf(await dashboard.page(pairPath()));
    const [row] = await dashboard.store.sql<{ fixed: number; broken: number }[]>`
      select count(*) filter (where not a.correct and b.correct)::int as fixed,
        count(*) filter (where a.correct and not b.correct)::int as broken
      from v_predictions a join v_predictions b using (sample_id, phase)
      where a.variant = 'frozen' and a.seed = 0 and b.variant = 'unfrozen' and b.seed = 0 and phase = 'test'`;
    expect(text).toContain(
      `B gets ${row?.fixed} right that A gets wrong, and A gets ${row?.broken} right that B gets wrong`,
    );
    expect(text).toContain("Only 40 test samples");
  });

  it("compares variants over the seeds that both have", async () => {
    const text = textOf(
      await dashboard.page("/compare?q=experiment+%3D+frozen-backbone+and+status+%3D+done&group=variant"),
    );
    expect(text).toContain("Would it last over new trainings?");
    expect(text).toMatch(/B differs from A in test accuracy by/);
  });

  it("warns where many pairs are compared and corrects by Holm", async () => {
    const text = textOf(await dashboard.page("/compare?q=experiment+%3D+frozen-backbone+and+status+%3D+done"));
    expect(text).toContain("9 pairs are compared here");
    expect(text).toContain("Holm");
  });

  it("shows only settings that differ", async () => {
    const html = await dashboard.page(pairPath());
    const table = textOf(html.slice(html.indexOf('id="difference-table"')));
    expect(table).toContain("freeze");
    expect(table).not.toContain("dropout");
  });

  it("does not pretend where the test sets differ", async () => {
    const { sql } = dashboard.store;
    const { runId } = dashboard.run("frozen", 1);
    await sql`delete from predictions where run_id = ${runId} and phase = 'test' and position > 60`;
    const [a, b] = [runId.slice(0, 8), dashboard.run("unfrozen", 1).runId.slice(0, 8)];
    const text = textOf(await dashboard.page(`/compare?runs=${a},${b}`));
    expect(text).toContain("Their test sets differ");
    expect(text).not.toContain("McNemar mid-p");
  });

  it("one run alone is told to find company", async () => {
    const text = textOf(await dashboard.page(`/compare?runs=${dashboard.run("frozen", 0).runId}`));
    expect(text).toContain("One run only");
  });

  it("the API gives the same pair", async () => {
    const [a, b] = [dashboard.run("frozen", 0), dashboard.run("unfrozen", 0)];
    const response = await dashboard.app.request(`/api/v1/compare?a=${a.runId}&b=${b.runId}`);
    const pair = (await response.json()) as { counts: Record<string, number>; mcnemarP: number };
    expect(Object.values(pair.counts).reduce((sum, n) => sum + n, 0)).toBe(40);
    expect(pair.mcnemarP).toBeGreaterThan(0);
  });
});
