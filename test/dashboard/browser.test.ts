// The pages in a real browser: what only scripts do, no error in the console, nothing for axe-core, both widths.
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDashboard, type Dashboard } from "../../dashboard/server.ts";
import { browserPath, collectProblems, launchBrowser, WHY_SKIPPED } from "./browser.ts";
import { SAMPLE_DATASET } from "./sample-rows.ts";
import { queueSomeRuns } from "./sample-queue.ts";
import { openSampleDashboard, type SampleDashboard } from "./sample-dashboard.ts";

describe.skipIf(browserPath === null)(browserPath === null ? `in a browser (${WHY_SKIPPED})` : "in a browser", () => {
  let sample: SampleDashboard;
  let server: Dashboard;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let problems: readonly string[];

  beforeAll(async () => {
    sample = await openSampleDashboard();
    await queueSomeRuns(sample);
    server = await startDashboard({ store: sample.store, home: sample.home, port: 0 });
    browser = await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    problems = collectProblems(page);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await sample?.close();
  });

  const open = (path: string) => page.goto(new URL(path, server.url).href);
  const id = (variant: string, seed: number) => sample.run(variant, seed).runId;

  const run = (tab: string) => () => `/runs/${id("unfrozen", 0)}${tab}`;
  const pages: readonly (readonly [string, () => string])[] = [
    ["experiments", () => "/"],
    ["runs", () => "/runs"],
    ["groups of runs", () => "/runs?group=variant"],
    ["run", run("")],
    ["evaluation", run("/evaluation")],
    ["samples", run("/samples")],
    ["metrics", () => `/runs/${id("frozen", 0)}/metrics`],
    ["nothing logged", run("/metrics")],
    ["config", run("/config")],
    ["log", run("/log")],
    ["artifacts", run("/artifacts")],
    ["failed run", () => `/runs/${id("slim", 2)}`],
    ["compare", () => `/compare?runs=${short("frozen")},${short("unfrozen")}&cell=1,0`],
    ["sweep", () => "/sweep?experiment=learning-rate"],
    ["data sets", () => "/datasets"],
    ["queue", () => "/queue"],
    ["data set", () => `/datasets/${SAMPLE_DATASET}`],
    ["SQL", () => "/sql?q=select+variant,mean+from+v_variants"],
  ];
  const short = (variant: string) => id(variant, 0).slice(0, 8);

  it.each(pages)("axe-core finds nothing on the page: %s", async (_name, path) => {
    await open(path());
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it("no page is wider than a small screen, in the dark as well", async () => {
    const small = await browser.newContext({ viewport: { width: 400, height: 800 }, colorScheme: "dark" });
    const phone = await small.newPage();
    for (const [name, path] of pages) {
      await phone.goto(new URL(path(), server.url).href);
      expect(await phone.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(400);
      const { violations } = await new AxeBuilder({ page: phone }).withRules(["color-contrast"]).analyze();
      expect(
        violations.map(({ nodes }) => nodes[0]?.html),
        name,
      ).toEqual([]);
    }
    await small.close();
  });

  it("from filter to compare to cell to images", async () => {
    await open("/runs");
    await page.getByLabel("Filter", { exact: true }).fill("experiment = frozen-backbone and seed = 0");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=/);
    for (const variant of ["frozen", "unfrozen"])
      await page.getByLabel(`Choose run ${id(variant, 0).slice(0, 8)}`).check();
    await page.getByRole("button", { name: "Compare 2 runs" }).click();
    await page.waitForURL(/compare\?runs=/);
    await page.locator("#difference a").nth(2).click();
    await page.waitForURL(/cell=1,0/);
    const picture = page.locator("#images img").first();
    await picture.scrollIntoViewIfNeeded();
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  });

  it("the same way with the keyboard alone", async () => {
    await open("/runs?q=experiment+%3D+frozen-backbone+and+seed+%3D+0");
    const tabTo = async (selector: string) => {
      for (let i = 0; i < 120; i++) {
        await page.keyboard.press("Tab");
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
      }
      throw new Error(`no way to ${selector}`);
    };
    for (let row = 0; row < 2; row++) {
      await tabTo("#run-rows input");
      await page.keyboard.press("Space");
    }
    await tabTo("#compare-chosen");
    await page.keyboard.press("Enter");
    await page.waitForURL(/compare\?runs=/);
    await tabTo("#difference a");
    await page.keyboard.press("Enter");
    await page.waitForURL(/cell=0,0.*#images/);
    await page.keyboard.press("Tab"); // goes on from the images
    expect(await page.evaluate(() => document.activeElement?.closest("#images") !== null)).toBe(true);
    expect(await page.locator("#images img").count()).toBeGreaterThan(0);
  });

  it("columns are chosen, ordered and saved", async () => {
    await open("/runs?q=seed+%3D+0");
    const heads = () => page.locator("#runs thead th a").allTextContents();
    await page.locator("details.menu summary").click();
    await page.locator("#columns").fill("config.dropout,test_recall,variant");
    await page.getByRole("button", { name: "Save as mine" }).click();
    await page.waitForURL(/columns=config/);
    await open("/runs?sort=-test_recall");
    expect(await heads()).toEqual(["dropout", "test recall ↓", "variant"]);
    await page.locator("details.menu summary").click();
    await page.getByRole("button", { name: "Forget mine" }).click();
    await expect.poll(async () => (await heads()).length).toBeGreaterThan(10);
    expect(new URL(page.url()).searchParams.get("columns")).toBeNull();
  });

  it("dragging along an axis of the sweep chooses its runs", async () => {
    await open("/sweep?experiment=learning-rate");
    const box = await page.locator("#parallel canvas").boundingBox();
    if (box === null) throw new Error("the chart has no box");
    await page.mouse.move(box.x + 40, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 40, box.y + box.height - 30, { steps: 8 });
    await page.mouse.up();
    await expect.poll(() => page.locator("#brushed").textContent()).toMatch(/^[1-9]\d* of \d+ runs chosen$/);
    expect(await page.locator("#brushed-compare").getAttribute("href")).toMatch(/^\/compare\?runs=/);
    const text = await page.locator("#brushed").textContent();
    expect(new URL(page.url()).searchParams.get("brush")).toMatch(/^lr:[\d.e+-]+_[\d.e+-]+$/);
    await page.reload();
    await expect.poll(() => page.locator("#brushed").textContent()).toBe(text);
  });

  it("the epoch slider shows each epoch's matrix and keeps it in the address", async () => {
    await open(`/runs/${id("unfrozen", 0)}?phase=val`);
    const cells = () => page.locator("#confusion td span").allTextContents();
    await page.locator("#confusion-epoch").focus();
    await page.keyboard.press("Home");
    await expect.poll(() => new URL(page.url()).searchParams.get("epoch")).toBe("1"); // Playwright hears of it a moment later
    const rows = await sample.store.sql<{ n: number }[]>`
      select n from confusion_cells where run_id = ${id("unfrozen", 0)} and phase = 'val' and epoch = 1
      order by true_class, predicted_class`;
    expect((await cells()).map(Number)).toEqual(rows.map((row) => row.n));
    await page.locator("#confusion-controls select[name=show]").selectOption("row");
    expect((await cells())[0]).toContain("%");
  });

  it("the threshold moves every number", async () => {
    await open(`/runs/${id("frozen", 0)}/evaluation`);
    const slider = page.locator("#threshold");
    await expect.poll(() => page.locator("[data-at=recall]").textContent()).toMatch(/\d/);
    await slider.focus();
    await page.keyboard.press("Home"); // everything is called positive
    await expect.poll(() => page.locator("[data-at=recall]").textContent()).toBe("1.000");
    expect(await page.locator("[data-at=fn]").textContent()).toBe("0");
    expect(new URL(page.url()).searchParams.get("threshold")).toBe("0");
    await page.reload();
    await expect.poll(() => page.locator("#threshold-value").textContent()).toBe("0.00");
  });

  it("a number that a run begins to log meanwhile gets its chart", async () => {
    const run = id("lr=0.003", 2);
    await open(`/runs/${run}/metrics`);
    await page.getByText("No numbers of its own").waitFor();
    await sample.store.sql`
      insert into metric_values (run_id, name, step, epoch, value, at) values (${run}, 'late', 1, 1, 0.5, now())`;
    await page.locator("[data-metric=late] canvas").waitFor({ timeout: 20_000 });
  });

  it("curves grow while a run trains, and the page follows its end", async () => {
    const run = id("lr=0.003", 2);
    await open(`/runs/${run}`);
    await expect.poll(() => page.locator("b[data-progress=epoch]").textContent(), { timeout: 10_000 }).toBe("2");
    await sample.store.sql`
      insert into batches (run_id, phase, epoch, batch, loss, correct, n, lr, duration_ms, chain)
      values (${run}, 'train', 3, 1, 0.31, 12, 16, 0.003, 90, '\\x00')`;
    await expect.poll(() => page.locator("b[data-progress=epoch]").textContent(), { timeout: 10_000 }).toBe("3");
    await sample.store.sql`update runs set status = 'done', ended_at = now() where run_id = ${run}`;
    await expect.poll(() => page.locator(".badge.done").count(), { timeout: 10_000 }).toBeGreaterThan(0);
  });

  it("zoom and smoothing are kept in the address", async () => {
    await open(`/runs/${id("unfrozen", 0)}?smooth=0&by=epoch`);
    const over = page.locator("[data-curve=loss] .u-over");
    await over.waitFor();
    const box = await over.boundingBox();
    if (box === null) throw new Error("the chart has no box");
    await page.mouse.move(box.x + 20, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => new URL(page.url()).searchParams.get("zoom")).toMatch(/^[\d.]+,[\d.]+$/);
    await page.getByRole("button", { name: "Whole range" }).click();
    expect(new URL(page.url()).searchParams.get("zoom")).toBeNull();
  });

  it("tables and charts can be had as files", async () => {
    await open(`/runs/${id("unfrozen", 0)}/evaluation`);
    for (const name of ["ROC curve as PNG", "ROC curve as SVG", "ROC curve as CSV"]) {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name }).click();
      expect((await download).suggestedFilename()).toMatch(/^roc-curve\.(png|svg|csv)$/);
    }
    await open("/runs");
    const csv = page.waitForEvent("download");
    await page.getByRole("button", { name: "CSV" }).click();
    expect((await csv).suggestedFilename()).toBe("runs.csv");
  });

  it("what a run logged is drawn, and a histogram's step is kept in the address", async () => {
    await open(`/runs/${id("frozen", 0)}/metrics?smooth=0`);
    await page.locator("[data-metric=gap] canvas").waitFor();
    await page.getByLabel("Names with").fill("cpu");
    expect(await page.locator("[data-metric=gap]").isVisible()).toBe(false);
    await page.locator("#histogram-at").focus();
    await page.keyboard.press("Home");
    expect(await page.locator("#histogram-step").textContent()).toBe("step 5, epoch 1");
    expect(new URL(page.url()).searchParams.get("at")).toBe("0");
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Over the steps as CSV" }).click();
    expect((await download).suggestedFilename()).toBe("over-the-steps.csv");
  });

  it("ends without an error in the console", () => {
    expect(problems).toEqual([]);
  });
});
