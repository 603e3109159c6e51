// A real training in a child process, watched in a real browser on the dashboard that it serves: curves grow without a reload, the list
// follows, and the stop button ends the run cleanly.
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openStore, type Store } from "../../core/store/index.ts";
import { makeHome, type Home, type Started } from "../cli/exp-process.ts";
import { tinyExperiment, TINY_SETTINGS } from "../cli/tiny-experiment.ts";
import { createTestDatabase } from "../postgres.ts";
import { browserPath, collectProblems, launchBrowser, WHY_SKIPPED } from "./browser.ts";

const LONG_MS = 20_000;

describe.skipIf(browserPath === null)(browserPath === null ? `live (${WHY_SKIPPED})` : "live", () => {
  let home: Home;
  let training: Started;
  let url: string;
  let store: Store;
  let browser: Browser;
  let page: Page;
  let problems: readonly string[];

  beforeAll(async () => {
    home = makeHome();
    home.write("live.ts", tinyExperiment({ name: "live", base: { ...TINY_SETTINGS, epochs: 2000 } }));
    const databaseUrl = await createTestDatabase(inject("postgresUrl"));
    store = await openStore({ databaseUrl, home: home.folder });
    training = home.start(["run", "live.ts", "--port", "0"], { DATABASE_URL: databaseUrl });
    [browser, url] = await Promise.all([launchBrowser(), training.seen(/http:\/\/127\.0\.0\.1:\d+/)]);
    page = await browser.newPage();
    problems = collectProblems(page);
  });
  afterAll(async () => {
    await browser?.close();
    await store?.close();
    training?.child.kill("SIGKILL");
    await home?.remove();
  });

  /** Points of the loss chart, as its CSV has them. */
  async function points(): Promise<number> {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Loss as CSV" }).click();
    const text = await readFile(await (await download).path(), "utf8");
    return text.trim().split("\n").length - 1;
  }

  /** Gone when the page has been loaded anew. */
  const mark = () => page.evaluate(() => void (document.body.dataset["mark"] = "here"));
  const marked = () => page.evaluate(() => document.body.dataset["mark"] === "here");

  it("an open list shows the run that begins", async () => {
    await page.goto(url);
    await page.locator("a.seed.running").waitFor({ timeout: LONG_MS });
    await page.locator("a.seed.running").click();
    await page.locator("[data-curve=loss] canvas").waitFor();
  });

  it("its curves grow while it trains, without a reload", async () => {
    await mark();
    await expect.poll(points, { timeout: LONG_MS, interval: 300 }).toBeGreaterThan(2);
    const before = await points();
    await expect.poll(points, { timeout: LONG_MS, interval: 300 }).toBeGreaterThan(before + 5);
    expect(await page.locator("b[data-progress=batch]").textContent()).toMatch(/^[123] of 3$/);
    expect(await marked()).toBe(true);
  });

  it("the stop button ends it cleanly", async () => {
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Stop" }).click();
    const { code } = await training.finished;
    expect(code).toBe(0);
    expect(problems.filter((text) => !text.includes("net::ERR_"))).toEqual([]); // its dashboard has ended with it
    const [run] = await store.sql<{ status: string; batches: number }[]>`
      select status, (select count(*)::int from batches b where b.run_id = r.run_id and phase = 'train') as batches
      from runs r where experiment = 'live'`;
    expect(run?.status).toBe("interrupted");
    expect(run?.batches).toBeGreaterThan(8);
  });

  it("the page says that its dashboard has gone, or shows the run's end", async () => {
    await page.locator(".badge.interrupted, #away").first().waitFor({ timeout: LONG_MS });
  });
});
