// npm run bench:dashboard: the dashboard with 2,000 runs × 10 epochs × 100 batches: milliseconds of its pages on the server and until they
// are usable in Chromium, and what 20 live readers cost a training. Its own home and database; --home keeps them for the next time.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printTable } from "../core/cli/output.ts";
import { openReadyStore } from "../core/store/index.ts";
import { stopServer } from "../core/store/embedded/server.ts";
import { insertManyRows } from "../test/dashboard/many-rows.ts";
import { browserTimes } from "./dashboard/browser-times.ts";
import { liveCosts } from "./dashboard/live-costs.ts";
import { pagesOf } from "./dashboard/pages.ts";
import { serverTimes } from "./dashboard/server-times.ts";
import { readFlags } from "./flags.ts";

const { values: flags } = readFlags(import.meta.url, {
  home: { type: "string" },
  only: { type: "string", default: "server,browser,live" },
  pairs: { type: "string", default: "8" },
});
const home = flags.home ?? mkdtempSync(join(tmpdir(), "lockstep-dashboard-"));
process.env["EXP_HOME"] = home;
const parts = flags.only.split(",");
try {
  const store = await openReadyStore({ home });
  const [present] = await store.sql<
    { n: number }[]
  >`select count(*)::int as n from runs where experiment like 'many-%'`;
  if (present?.n === 0) await insertManyRows(store.sql, { runs: 2000, epochs: 10, batches: 100, testSamples: 156 });
  const pages = await pagesOf(store);
  if (parts.includes("server"))
    printTable(["on the server", "median ms", "95 % ms", "kB", "at most"], await serverTimes({ store, home }, pages));
  if (parts.includes("browser"))
    printTable(["in Chromium", "loaded ms", "usable ms", "at most"], await browserTimes({ store, home }, pages));
  await store.close();
  if (parts.includes("live"))
    printTable(
      ["ms of a batch", "alone", "20 readers", "difference", "main thread, ms a second: alone", "20 readers"],
      await liveCosts(home, Number(flags.pairs)),
    );
} finally {
  if (flags.home === undefined) {
    await stopServer(home);
    rmSync(home, { recursive: true, force: true });
  }
}
