// How quick the dashboard's pages are with 2,000 runs × 10 epochs × 100 batches: median and 95th percentile on the server.
// Needs an empty database: DATABASE_URL=postgres://… npx tsx bench/dashboard.ts
import { openStore } from "../core/store/index.ts";
import { createApp } from "../dashboard/app.ts";
import { insertManyRows } from "../test/dashboard/many-rows.ts";

const ROUNDS = 15;

async function main(): Promise<void> {
  const store = await openStore();
  const [present] = await store.sql<{ n: number }[]>`select count(*)::int as n from runs`;
  if (present?.n === 0) await insertManyRows(store.sql, { runs: 2000, epochs: 10, batches: 100, testSamples: 156 });
  const app = createApp({ store, home: "." });
  const runs = await store.sql<{ id: string }[]>`select run_id::text as id from runs order by created_at limit 500`;
  const ids = runs.map((run) => run.id.slice(0, 8)).join(",");
  const run = runs[0]?.id ?? "";
  const paths = {
    experiments: "/",
    runs: "/runs",
    "runs, filtered": "/runs?q=test.recall+%3E+0.5+and+config.dropout+%3D+0.2&sort=-test_accuracy",
    "runs, grouped": "/runs?group=config.lr",
    run: `/runs/${run}`,
    "run, curves": `/api/v1/runs/${run}/curves`,
    "run, samples": `/runs/${run}/samples`,
    "compare 500": `/compare?runs=${ids}&group=variant`,
    "compare 500, curves": `/api/v1/curves?runs=${ids}&phase=val&metric=loss&by=epoch`,
    "compare 500, curves by batch": `/api/v1/curves?runs=${ids}&metric=loss&by=batch`,
    sweep: "/sweep",
  };
  for (const [name, path] of Object.entries(paths)) console.log(name.padEnd(30), await measure(app, path));
  await store.close();
}

async function measure(app: ReturnType<typeof createApp>, path: string): Promise<string> {
  const times: number[] = [];
  let size = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    const response = await app.request(path);
    size = (await response.text()).length;
    times.push(performance.now() - begun);
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(share * (times.length - 1))]?.toFixed(0);
  return `median ${at(0.5)} ms, 95 % ${at(0.95)} ms, ${(size / 1000).toFixed(0)} kB`;
}

await main();
