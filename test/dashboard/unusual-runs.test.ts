// Real runs whose pages have less to show than usual, in a real browser: a class that the test set lacks, one seed, other test images,
// all failed, never begun, logged by another program. Each page says what is missing and what to do; nothing is an empty chart.
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { describeRun, openTracked } from "../../core/store/track.ts";
import { openStore, type Store } from "../../core/store/index.ts";
import { startDashboard, type Dashboard } from "../../dashboard/server.ts";
import { makeHome, type Home } from "../cli/exp-process.ts";
import { tinyExperiment, TINY_SETTINGS } from "../cli/tiny-experiment.ts";
import { writeClassFolders } from "../data/fixtures.ts";
import { createTestDatabase } from "../postgres.ts";
import { browserPath, collectProblems, launchBrowser, WHY_SKIPPED } from "./browser.ts";
import { openSampleDashboard } from "./sample-dashboard.ts";

describe.skipIf(browserPath === null)(browserPath === null ? `pages (${WHY_SKIPPED})` : "pages", () => {
  let home: Home;
  /** EXP_HOME. */
  let place: string;
  let store: Store;
  let server: Dashboard;
  let browser: Browser;
  let page: Page;
  let problems: readonly string[];

  beforeAll(async () => {
    home = makeHome();
    place = join(home.folder, ".exp");
    const databaseUrl = await createTestDatabase(inject("postgresUrl"));
    store = await openStore({ databaseUrl, home: place });
    await train(databaseUrl);
    server = await startDashboard({ store, home: place, port: 0 });
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    problems = collectProblems(page);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await store?.close();
    await home?.remove();
  });

  async function train(databaseUrl: string): Promise<void> {
    await writeClassFolders(join(home.folder, "lacking"), {
      ...{ "train/benign": 12, "train/malignant": 12, "val/benign": 6, "val/malignant": 6, "test/benign": 6 },
    });
    await writeClassFolders(join(home.folder, "other"), { benign: 20, malignant: 20 });
    const base = { ...TINY_SETTINGS, epochs: 1 };
    const data = (path: string) => ({ kind: "folder", path, group: null });
    const variants = { a: {}, b: { lr: 1e-2 } };
    home.write("lacking.ts", tinyExperiment({ name: "lacking", data: data("lacking"), base, variants }));
    home.write("other.ts", tinyExperiment({ name: "other", data: data("other"), base }));
    const failing = `onEpochEnd() { throw new Error("the hook of this experiment always fails"); }, name: "failing",`;
    home.write("failing.ts", tinyExperiment({ base }).replace('"name":"tiny",', failing));
    const run = (file: string) => home.exp(["run", file, "--no-dashboard"], { DATABASE_URL: databaseUrl });
    for (const [file, code] of [
      ["lacking.ts", 0],
      ["other.ts", 0],
      ["failing.ts", 1],
    ] as const) {
      const ended = await run(file); // prettier-ignore
      expect(ended.code, ended.stderr).toBe(code);
    }
    await home.exp(["run", "lacking.ts", "--queue", "--fresh", "--variant", "b"], { DATABASE_URL: databaseUrl });
    await track();
  }

  async function track(): Promise<void> {
    const create = describeRun({ experiment: "elsewhere", variant: "script", seed: 0, config: { lr: 0.1 } });
    const onNotice = (text: string) => void process.stderr.write(`${text}\n`);
    const run = await openTracked({ store, home: place, onNotice, runId: create.runId, create, system: false });
    for (let step = 1; step <= 20; step++) run.log({ loss: 1 / step, accuracy: 1 - 1 / step }, { step });
    await run.finish("done");
  }

  async function idOf(experiment: string, variant: string, status: string): Promise<string> {
    const [run] = await store.sql<{ id: string }[]>`
      select run_id::text as id from runs where experiment = ${experiment} and variant = ${variant} and status = ${status}`;
    if (run === undefined) throw new Error(`no ${status} run ${experiment}/${variant}`);
    return run.id;
  }

  /** @returns what main says; the page is held to the small width and to axe-core on the way */
  async function look(path: string, at = server.url): Promise<string> {
    await page.goto(new URL(path, at).href, { waitUntil: "networkidle" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
      path,
    ).toEqual([]);
    await page.setViewportSize({ width: 400, height: 800 });
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    await expect.poll(width, { message: path }).toBeLessThanOrEqual(400); // charts follow a moment later
    await page.setViewportSize({ width: 1280, height: 900 });
    return (await page.locator("main").innerText()).replace(/\s+/g, " ");
  }
  const charts = () => page.locator("main canvas").count();

  it("no run yet: how to begin", async () => {
    const empty = await openSampleDashboard({ rows: false });
    const other = await startDashboard({ store: empty.store, home: empty.home, port: 0 });
    try {
      for (const path of ["/", "/runs", "/sweep", "/datasets"])
        expect(await look(path, other.url), path).toContain("npx exp run experiments/frozen-backbone.ts");
      expect(await look("/compare", other.url)).toContain("Choose two or more rows");
      expect(await look("/queue", other.url)).toContain("exp run FILE --queue");
      expect(await look("/sql", other.url)).toContain("v_runs");
    } finally {
      await other.close();
      await empty.close();
    }
  });

  it("a class that the test set lacks: which, and that its numbers are undefined", async () => {
    const id = await idOf("lacking", "a", "done");
    expect(await look(`/runs/${id}`)).toContain("No sample of malignant in this part: its recall is undefined.");
    expect(await look(`/runs/${id}/evaluation`)).toContain(
      "are of one side of malignant: ROC, AUC and recall are undefined",
    );
    await page.getByRole("link", { name: "val", exact: true }).click();
    await page.locator("#roc canvas").waitFor();
    expect(await look("/?metric=test_recall")).not.toMatch(/NaN/);
  });

  it("one seed only: no interval, and how to get one", async () => {
    expect(await look("/")).toContain("One seed only: differences between variants have no interval. List more seeds");
    const text = await look(`/compare?q=${encodeURIComponent("experiment = lacking and status = done")}`);
    expect(text).toContain("One seed in common");
    expect(text).not.toMatch(/NaN/);
  });

  it("runs that were tested on other images are not tested against each other", async () => {
    const ids = [await idOf("lacking", "a", "done"), await idOf("other", "base", "done")];
    const text = await look(`/compare?runs=${ids.join(",")}`);
    expect(text).toContain("They were tested on different data sets.");
    expect(text).toContain("had another data set or split than A");
    expect(text).not.toContain("McNemar");
  });

  it("all failed: why, and what to do", async () => {
    expect(await look("/")).toContain("No run has finished: open a failed one and read its log.");
    const text = await look(`/runs/${await idOf("failing", "base", "failed")}`);
    expect(text).toContain("the hook of this experiment always fails");
    expect(text).toContain("exp resume");
    expect(await look("/sweep?experiment=failing")).toContain("Too few finished runs");
  });

  it("a run that has not begun waits for a worker", async () => {
    const id = await idOf("lacking", "b", "queued");
    expect(await look(`/runs/${id}`)).toContain("exp worker");
    expect(await charts()).toBe(0);
    expect(await look(`/runs/${id}/samples`)).toContain("The run has not begun.");
  });

  it("another program's run shows what it logged, and says why there is no more", async () => {
    const id = await idOf("elsewhere", "script", "done");
    const text = await look(`/runs/${id}`);
    expect(text).toContain("there is no confusion matrix");
    expect(text).toMatch(/loss 0\.050 0\.050 1 20/);
    expect(text).not.toContain("ROC, PR, calibration");
    await page.locator("[data-metric=loss] canvas").waitFor();
    expect(await look(`/runs/${id}/samples`)).toContain("what it says of each image is not known here");
  });

  it("ends without an error in the console", () => {
    expect(problems).toEqual([]);
  });
});
