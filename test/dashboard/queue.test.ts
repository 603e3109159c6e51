// The queue's page and API: who trains what, why something waits, and taking it out.
import { afterAll, beforeAll, expect, it } from "vitest";
import { hostname } from "node:os";
import { openSampleDashboard, textOf, type SampleDashboard } from "./sample-dashboard.ts";
import { queueSomeRuns } from "./sample-queue.ts";

let dashboard: SampleDashboard;
let ids: Record<string, string>;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
});
afterAll(() => dashboard.close());

interface Listed {
  readonly runId: string;
  readonly standing: string;
  readonly stopping: boolean;
}

async function listed(): Promise<readonly Listed[]> {
  const response = await dashboard.app.request("/api/v1/queue");
  return ((await response.json()) as { queue: readonly Listed[] }).queue;
}

const standing = async (id = "") => (await listed()).find(({ runId }) => runId === id)?.standing;
const post = (path: string, origin = "http://localhost") =>
  dashboard.app.request(path, { method: "POST", body: new URLSearchParams(), headers: { origin } });

it("says so where nothing waits, or ever did", async () => {
  expect(textOf(await dashboard.page("/queue"))).toContain("Nothing waits");
  expect(await listed()).toEqual([]);
});

it("shows who trains what on which machine, and why something waits", async () => {
  ids = await queueSomeRuns(dashboard);
  const text = textOf(await dashboard.page("/queue"));
  expect(text).toContain("4 runs, 1 of them in training");
  expect(text).toContain(`${hostname().replaceAll(" ", "_")}, process ${process.pid}`);
  expect(text).toContain("its images are not here: /data/breast");
  expect(text).toContain("until it is resumed");
  expect(text).toMatch(/a free worker with code [0-9a-f]{8} and the portable engine/);
});

it("pauses, resumes and cancels", async () => {
  expect((await post(`/queue/${ids["waiting"]}/pause`)).headers.get("location")).toBe("/queue");
  expect(await standing(ids["waiting"])).toBe("paused");
  await post(`/queue/${ids["waiting"]}/resume`);
  expect(await standing(ids["waiting"])).toBe("waiting");
  const answer = await post(`/api/v1/queue/${ids["given"]}/cancel`);
  expect(await answer.json()).toEqual({ run: ids["given"], done: "is cancelled" });
  expect(await standing(ids["given"])).toBe("taken out");
  await post(`/queue/${ids["running"]}/cancel`);
  expect((await listed()).find(({ runId }) => runId === ids["running"])).toMatchObject({ stopping: true });
  const done = dashboard.run("frozen", 0).runId;
  expect((await post(`/queue/${done}/pause`)).status).toBe(409);
  expect((await post(`/queue/${done}/burn`)).status).toBe(404);
});

it("a post from another site changes nothing", async () => {
  expect((await post(`/queue/${ids["paused"]}/resume`, "http://evil.example")).status).toBe(403);
  expect((await post(`/api/v1/queue/${ids["paused"]}/resume`, "http://evil.example")).status).toBe(403);
  expect(await standing(ids["paused"])).toBe("paused");
});
