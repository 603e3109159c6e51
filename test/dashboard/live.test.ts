// What many open pages share: one look for new rows, one reading of a list; each reader still gets every row once, in order.
import { afterAll, beforeAll, expect, it } from "vitest";
import { RunPollers, type LiveEvent } from "../../dashboard/live/run-poller.ts";
import { BEGINNING, newRows, type BatchPoint } from "../../dashboard/queries/curves.ts";
import { openSampleDashboard, type SampleDashboard } from "./sample-dashboard.ts";

let dashboard: SampleDashboard;
let runId: string;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
  runId = dashboard.run("lr=0.003", 2).runId; // is running
});
afterAll(() => dashboard.close());

const insertBatch = (batch: number) => dashboard.store.sql`
  insert into batches (run_id, phase, epoch, batch, loss, correct, n, lr, duration_ms, chain)
  values (${runId}, 'train', 3, ${batch}, 0.3, 12, 16, 0.003, 500, '\\x00')`;
const batchesOf = (events: readonly LiveEvent[]): BatchPoint[] =>
  events.flatMap((event) => (event.name === "rows" ? event.data.batches : []));
const placeOf = ({ epoch, batch }: BatchPoint) => `${epoch}/${batch}`;

it("a reader that comes later gets what it lacks and no row twice, with seconds since the run's first batch", async () => {
  const pollers = new RunPollers(dashboard.store);
  const { batches } = await newRows(dashboard.store.sql, runId, BEGINNING);
  const last = batches.at(-1) as BatchPoint;
  const [first, second]: [BatchPoint[], BatchPoint[]] = [[], []];
  const stops = [pollers.watch(runId, last, (events) => void first.push(...batchesOf(events)))];
  try {
    await insertBatch(1);
    await expect.poll(() => first.map(placeOf), { timeout: 5000 }).toEqual(["3/1"]);
    stops.push(pollers.watch(runId, BEGINNING, (events) => void second.push(...batchesOf(events))));
    await insertBatch(2);
    await expect.poll(() => first.map(placeOf), { timeout: 5000 }).toEqual(["3/1", "3/2"]);
    await expect.poll(() => second.length, { timeout: 5000 }).toBe(batches.length + 2);
    expect(second.map(placeOf)).toEqual([...batches.map(placeOf), "3/1", "3/2"]);
    for (const rows of [first, second]) expect(rows.at(-1)?.seconds).toBeCloseTo(last.seconds + 1, 6);
  } finally {
    for (const stop of stops) stop();
  }
});

it("a list that many pages fetch again at once is read once, and anew a moment later", async () => {
  const fetchList = async () => (await dashboard.app.request("/runs", { headers: { "lockstep-live": "1" } })).text();
  const [one, other] = await Promise.all([fetchList(), fetchList()]);
  expect(other).toBe(one);
  expect(one).toContain("</html>");
  await dashboard.store.sql`update runs set note = 'x', archived_at = now() where run_id = ${runId}`;
  expect(await dashboard.page("/runs")).not.toBe(one); // a page that is opened is always made anew
  await expect.poll(fetchList, { timeout: 5000 }).not.toBe(one);
});

it("its events are in the API's description, beside all that the pages read", async () => {
  const response = await dashboard.app.request("/api/v1/openapi.json");
  const { paths } = (await response.json()) as {
    paths: Record<string, { get?: { responses: Record<string, object> } }>;
  };
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(["/api/v1/runs/{id}/events", "/api/v1/events"]));
  expect(JSON.stringify(paths["/api/v1/runs/{id}/events"]?.get)).toContain("text/event-stream");
});
