// A real Chromium for the tests of pages: Debian's, or the one that CHROMIUM names. Nothing is downloaded.
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

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
