// Milliseconds from following a link until a page is loaded (DOMContentLoaded) and until it is usable (its table or first chart is drawn),
// in Chromium without a window; medians, files of the pages in the browser's cache as on a second look.
import { startDashboard } from "../../dashboard/server.ts";
import type { DashboardDeps } from "../../dashboard/deps.ts";
import { launchBrowser } from "../../test/dashboard/browser.ts";
import { median } from "../engine/median.ts";
import type { MeasuredPage } from "./pages.ts";

const ROUNDS = 5;
const MOST_MS = 1000;

export async function browserTimes(
  { store, home }: DashboardDeps,
  pages: readonly MeasuredPage[],
): Promise<string[][]> {
  const server = await startDashboard({ store, home, port: 0 });
  const browser = await launchBrowser();
  try {
    const tab = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    const rows: string[][] = [];
    for (const { name, path, usable } of pages) {
      if (usable === null) continue;
      const loaded: number[] = [];
      const drawn: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        await tab.goto("about:blank");
        await tab.goto(new URL(path, server.url).href, { waitUntil: "commit" });
        await tab.locator(usable).first().waitFor();
        const times = await tab.evaluate(() => {
          const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
          return { loaded: entry?.domContentLoadedEventEnd ?? 0, now: performance.now() };
        });
        if (round === 0) continue; // fills the cache
        loaded.push(times.loaded);
        drawn.push(times.now);
      }
      rows.push([name, median(loaded).toFixed(0), median(drawn).toFixed(0), String(MOST_MS)]);
    }
    return rows;
  } finally {
    await browser.close();
    await server.close();
  }
}
