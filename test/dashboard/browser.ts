// A real Chromium for the tests of pages: Debian's, or the one that CHROMIUM names. Nothing is downloaded.
import { existsSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";

const CANDIDATES = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Null where no browser is installed; the tests are then skipped, with this as the reason. */
export const browserPath = CANDIDATES.find((path) => path !== undefined && existsSync(path)) ?? null;
export const WHY_SKIPPED = "no Chromium found: install one (Debian: apt-get install chromium) or name it with CHROMIUM";

export function launchBrowser(): Promise<Browser> {
  if (browserPath === null) throw new Error(WHY_SKIPPED);
  return chromium.launch({
    executablePath: browserPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Errors in the page's console and in its scripts from now on, each behind the page's address; more come as they happen. */
export function collectProblems(page: Page): readonly string[] {
  const problems: string[] = [];
  page.on("console", (message) => message.type() === "error" && problems.push(`${page.url()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
  return problems;
}
