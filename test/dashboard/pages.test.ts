// Every page against real rows, through app.request(); numbers are compared with the database.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { meanInterval } from "../../dashboard/statistics/interval.ts";
import { openSampleDashboard, textOf, type SampleDashboard } from "./sample-dashboard.ts";

let dashboard: SampleDashboard;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
});
afterAll(() => dashboard.close());

describe("experiments", () => {
  it("show each variant's mean over seeds with its interval, as the database has them", async () => {
    const text = textOf(await dashboard.page("/"));
    const rows = await dashboard.store.sql<{ mean: number; high95: number }[]>`
      select mean, high95 from v_variants where variant = 'frozen' and metric = 'test_accuracy'`;
    expect(text).toContain(
      `${rows[0]?.mean.toFixed(3)} ± ${((rows[0]?.high95 ?? 0) - (rows[0]?.mean ?? 0)).toFixed(3)}`,
    );
  });

  it("flag missing and failed seeds and say what to do", async () => {
    const text = textOf(await dashboard.page("/"));
    expect(text).toContain("1 seed missing: run the same command again");
    expect(text).toContain("1 run failed");
    expect(text).toMatch(/slim .*failed/);
  });

  it("name simulated data and random weights", async () => {
    const text = textOf(await dashboard.page("/"));
    expect(text).toContain("simulated data");
    expect(text).toMatch(/slim random weights/);
  });

  it("follow the chosen metric", async () => {
    const text = textOf(await dashboard.page("/?metric=val_loss"));
    const rows = await dashboard.store.sql<{ val_loss: number }[]>`
      select val_loss from runs where variant = 'unfrozen' and status = 'done'`;
    expect(text).toContain(meanInterval(rows.map((row) => row.val_loss))?.mean.toFixed(3));
  });
});

describe("runs", () => {
  it("are filtered, sorted and shown with chosen columns", async () => {
    const html = await dashboard.page(
      "/runs?q=variant+%3D+frozen+and+test.recall+%3E+0&sort=-test_accuracy&columns=variant,seed,test_accuracy,config.dropout",
    );
    const accuracies = [...html.matchAll(/data-value="(0\.\d+)">0\.\d{3}<\/td>/g)].map((match) => Number(match[1]));
    expect(accuracies).toHaveLength(3);
    expect(accuracies).toEqual([...accuracies].sort((a, b) => b - a));
    expect(textOf(html)).toContain("dropout");
    expect(textOf(html)).not.toContain("unfrozen");
  });

  it("a mistake in the filter is explained beside it", async () => {
    const text = textOf(await dashboard.page("/runs?q=varaint+%3D+frozen", 400));
    expect(text).toContain('no column "varaint"');
    expect(text).toContain('Did you mean "variant"?');
  });

  it("are grouped by any config key, with mean and interval", async () => {
    const text = textOf(await dashboard.page("/runs?group=config.widthMult&q=experiment+%3D+frozen-backbone"));
    expect(text).toMatch(/0\.5 3 2 /); // width 0.5: three runs, two done
  });

  it("are filtered, sorted, shown and grouped by what they logged: the last, lowest or highest value", async () => {
    const columns = "columns=variant,metric.gap,highest.gap,metric.system/cpu_percent";
    const html = await dashboard.page(
      `/runs?q=metric.gap+%3C+0.2+and+highest.gap+%3E%3D+0.3&sort=-metric.gap&${columns}`,
    );
    expect(textOf(html)).toContain("1 run pass the filter");
    expect(html).toContain('data-value="0.3"');
    expect(html).toContain('aria-label="lowest gap as a column"');
    const [first, ...others] = [
      ...(await dashboard.page(`/runs?sort=-metric.gap&${columns}`)).matchAll(/<tr><td>.*?<\/tr>/gs),
    ];
    expect(first?.[0]).toContain('data-value="0.3"');
    expect(others.some(([row]) => row.includes('data-value="0.3"'))).toBe(false);
    expect(textOf(await dashboard.page('/runs?q="metric.no such name" > 1'))).toContain("No run passes this filter");
    expect(textOf(await dashboard.page(`/runs?group=variant&${columns}`))).toContain("highest gap");
  });

  it("are filtered and grouped by a setting as Lockstep stores it, under settings", async () => {
    const { sql } = dashboard.store;
    await sql`update runs set config = jsonb_build_object('settings', config) where variant = 'slim'`;
    try {
      const text = textOf(await dashboard.page("/runs?q=config.widthMult+%3D+0.5&columns=variant,config.widthMult"));
      expect(text).toContain("3 runs pass the filter");
      const html = await dashboard.page("/runs?q=experiment+%3D+frozen-backbone");
      expect(html).toContain('value="config.widthMult"');
      expect(html).not.toContain("config.settings");
    } finally {
      await sql`update runs set config = config -> 'settings' where variant = 'slim'`;
    }
  });

  it("offers every setting that differs among them as a group", async () => {
    const html = await dashboard.page("/runs?q=experiment+%3D+frozen-backbone");
    const offered = /<optgroup label="Settings that differ">(.*?)<\/optgroup>/s.exec(html)?.[1] ?? "";
    expect(offered).toContain('value="config.widthMult"');
    expect(await dashboard.page("/runs?q=seed+%3D+99")).not.toContain("Settings that differ");
  });

  it("a filter that nothing passes offers the way back", async () => {
    expect(textOf(await dashboard.page("/runs?q=seed+%3D+99"))).toContain("Clear the filter");
  });
});

describe("a run", () => {
  const path = (tab = "") => `/runs/${dashboard.run("unfrozen", 0).runId}${tab}`;

  it("is found by a short id and by experiment/variant/seed in the API", async () => {
    const { runId } = dashboard.run("unfrozen", 0);
    expect(await dashboard.page(`/runs/${runId.slice(0, 8)}`)).toContain(runId);
    const response = await dashboard.app.request("/api/v1/runs/frozen-backbone%2Funfrozen%2F0");
    expect(((await response.json()) as { run: { runId: string } }).run.runId).toBe(runId);
  });

  it("has a confusion matrix whose cells sum to the test samples", async () => {
    const html = await dashboard.page(path());
    const cells = [...html.matchAll(/<td class="h\d+" data-true="\d" data-predicted="\d"><span>(\d+)<\/span>/g)];
    expect(cells.reduce((sum, match) => sum + Number(match[1]), 0)).toBe(40);
  });

  it("keeps the confusion matrix's state in the address", async () => {
    const text = textOf(await dashboard.page(path("?phase=val&epoch=2&show=row")));
    expect(text).toContain("%");
  });

  it("shows its contact sheet, curves, classes and digest", async () => {
    expect(await dashboard.page(path())).toContain("What the network saw");
    const text = textOf(await dashboard.page(path("/config")));
    expect(text).toContain("run digest");
    expect(text).toContain("+ lr: 1e-4,");
    expect(text).toContain("schedule.kind constant");
  });

  it("shows where the network looked beside the sample, and else how to see it", async () => {
    expect(await dashboard.page(path("/samples"))).toContain('alt="Grad-CAM of');
    const none = textOf(await dashboard.page(path("/samples?of=val")));
    expect(none).toContain("exp explain");
  });

  it("samples are sorted by loss and narrowed to a cell", async () => {
    const html = await dashboard.page(path("/samples?cell=1,1"));
    const lines = [...textOf(html).matchAll(/loss (\d\.\d+)/g)].map((match) => Number(match[1]));
    expect(lines.length).toBeGreaterThan(2);
    expect(lines).toEqual([...lines].sort((a, b) => b - a));
    expect(textOf(html)).toContain("× malignant predicted as malignant");
  });

  it("what it logged is text, never HTML", async () => {
    const html = await dashboard.page(path("/log"));
    expect(html).toContain("&lt;b&gt;not&lt;/b&gt;");
    expect(html).not.toContain("<b>not</b>");
  });

  it("that failed says why and what to do", async () => {
    const text = textOf(await dashboard.page(`/runs/${dashboard.run("slim", 2).runId}`));
    expect(text).toContain("the plan needs 9.1 GB");
    expect(text).toContain("exp resume");
  });

  it("that does not exist is a clear 404", async () => {
    expect(textOf(await dashboard.page("/runs/00000000", 404))).toContain('no run is named "00000000"');
  });
});

describe("sweep, data set and SQL", () => {
  it("a sweep names the setting that matters", async () => {
    const text = textOf(await dashboard.page("/sweep?experiment=learning-rate"));
    expect(text).toMatch(/lr 4 \d+ %/);
  });

  it("a sweep leaves out what only comes with another setting", async () => {
    const { sql } = dashboard.store;
    const optimizer = { kind: "sgd", momentum: 0.9, nesterov: false };
    await sql`update runs set config = config || ${sql.json({ optimizer })} where variant = 'lr=0.0001'`;
    try {
      const text = textOf(await dashboard.page("/sweep?experiment=learning-rate"));
      expect(text).toContain("optimizer.kind");
      expect(text).not.toMatch(/optimizer\.(momentum|nesterov|weightDecay)/);
    } finally {
      const usual = { optimizer: { kind: "adam", weightDecay: 0 } };
      await sql`update runs set config = config || ${sql.json(usual)} where variant = 'lr=0.0001'`;
    }
  });

  it("a data set shows its leaks", async () => {
    const digest = (await dashboard.page("/datasets")).match(/\/datasets\/([0-9a-f]{64})/)?.[1] ?? "";
    const text = textOf(await dashboard.page(`/datasets/${digest}`));
    expect(text).toContain("identical copies in several parts");
    expect(text).toContain("malignant/broken.png : truncated");
  });

  it("a query answers with its rows", async () => {
    const text = textOf(await dashboard.page(`/sql?q=${encodeURIComponent("select count(*) as runs from v_runs")}`));
    expect(text).toMatch(/1 rows? in \d+ ms/);
    expect(text).toContain(String(dashboard.runs.length));
  });

  it("a query that would write, that is wrong, or that holds two statements is refused", async () => {
    for (const query of [
      "delete from runs",
      "selct 1",
      "select 1; drop table runs",
      "copy (select 1) to program 'true'",
      "select pg_read_file('/etc/passwd')",
    ]) {
      const html = await dashboard.page(`/sql?q=${encodeURIComponent(query)}`, 400);
      expect(html, query).toContain('role="alert"');
    }
    expect((await dashboard.store.sql`select 1 from runs`).length).toBe(dashboard.runs.length);
  });

  it("a query that another site links to waits for a click", async () => {
    const response = await dashboard.app.request("/sql?q=select+1", { headers: { "sec-fetch-site": "cross-site" } });
    expect(textOf(await response.text())).toContain("Another site sent you here");
  });
});

describe("an empty database", () => {
  it("says on every page how to begin", async () => {
    const empty = await openSampleDashboard({ rows: false });
    try {
      for (const path of ["/", "/runs", "/sweep", "/datasets"])
        expect(textOf(await empty.page(path)), path).toContain("npx exp run experiments/frozen-backbone.ts");
      expect(textOf(await empty.page("/compare"))).toContain("Choose two or more rows");
    } finally {
      await empty.close();
    }
  });
});
