// Named users: who comes in, who may change, and who is said to have done it.
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApp } from "../../dashboard/app.ts";
import { addUser, listUsers, ownUser, removeUser } from "../../core/store/users.ts";
import { insertRun } from "../../core/store/insert-run.ts";
import { openSampleDashboard, textOf, type SampleDashboard } from "./sample-dashboard.ts";

let dashboard: SampleDashboard;
let app: ReturnType<typeof createApp>;
let tokens: { reader: string; writer: string };
beforeAll(async () => {
  dashboard = await openSampleDashboard();
  app = createApp({ store: dashboard.store, home: dashboard.home, users: true });
  tokens = {
    reader: await addUser(dashboard.store, { name: "rea", role: "read" }),
    writer: await addUser(dashboard.store, { name: "wri", role: "write" }),
  };
});
afterAll(() => dashboard.close());

const get = async (path: string, token: string) => {
  const response = await app.request(path, { headers: { cookie: `lockstep_token=${token}` } });
  return { status: response.status, text: await response.text() };
};
const post = (path: string, token: string, fields: Record<string, string> = {}) =>
  app.request(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { cookie: `lockstep_token=${token}`, origin: "http://localhost" },
  });

it("nobody comes in without a token of theirs, and the database keeps its digest alone", async () => {
  expect((await app.request("/")).status).toBe(401);
  expect((await get("/", "0".repeat(48))).status).toBe(401);
  expect((await get("/", tokens.reader)).status).toBe(200);
  const first = await app.request(`/runs?token=${tokens.writer}`);
  expect(first.status).toBe(302);
  expect(first.headers.get("set-cookie")).toMatch(/HttpOnly.*SameSite=Strict|SameSite=Strict.*HttpOnly/);
  const rows = await dashboard.store.sql`select * from users`;
  expect(JSON.stringify(rows)).not.toContain(tokens.reader);
  expect((await listUsers(dashboard.store)).map(({ name, role }) => [name, role])).toEqual([
    ["rea", "read"],
    ["wri", "write"],
  ]);
});

it("whoever may only read gets no buttons that change, and 403 on changes", async () => {
  const { runId } = dashboard.run("frozen", 0);
  const running = dashboard.run("lr=0.003", 2).runId;
  for (const path of ["/runs", `/runs/${running}`, `/runs/${runId}/config`, "/queue"]) {
    expect((await get(path, tokens.reader)).text, path).not.toMatch(
      /<button[^>]*>(Add|Archive|Stop|Keep|Pause|Take off)/,
    );
    if (path !== "/queue") expect((await get(path, tokens.writer)).text, path).toMatch(/<button[^>]*>(Add|Stop|Keep)/);
  }
  for (const path of [
    "/runs/change",
    `/runs/${runId}/note`,
    `/runs/${running}/stop`,
    `/queue/${runId}/pause`,
    "/api/v1/runs",
  ])
    expect((await post(path, tokens.reader, { run: runId, action: "archive", note: "x" })).status, path).toBe(403);
  const [row] = await dashboard.store.sql`select note, archived_at from runs where run_id = ${runId}`;
  expect(row).toMatchObject({ note: null, archived_at: null });
});

it("says who changed what, and who began a run", async () => {
  const { runId } = dashboard.run("frozen", 0);
  expect((await post(`/runs/${runId}/note`, tokens.writer, { note: "mine" })).status).toBe(303);
  expect(textOf((await get(`/runs/${runId}/config`, tokens.reader)).text)).toMatch(/wri wrote the note/);
  const identity = {
    project: "default",
    experiment: "frozen-backbone",
    variant: "frozen",
    seed: 99,
    settingsHash: "x",
  };
  const id = "00000000-0000-4000-8000-000000000099";
  await insertRun(dashboard.store.sql, { ...identity, runId: id });
  expect(textOf((await get(`/runs/${id}/config`, tokens.reader)).text)).toContain(ownUser());
  expect((await get(`/runs?q=user+%3D+%22${encodeURIComponent(ownUser())}%22`, tokens.reader)).text).toContain(
    id.slice(0, 8),
  );
});

it("a removed user is out at once, and names are checked", async () => {
  await removeUser(dashboard.store, "rea");
  expect((await get("/", tokens.reader)).status).toBe(401);
  await expect(removeUser(dashboard.store, "rea")).rejects.toThrow("there is no user rea");
  await expect(addUser(dashboard.store, { name: "wri", role: "read" })).rejects.toThrow("there is a user wri already");
  await expect(addUser(dashboard.store, { name: "a b", role: "read" })).rejects.toThrow("is no user name");
});
