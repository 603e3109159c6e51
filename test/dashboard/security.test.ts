// Who may see and change what.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../dashboard/app.ts";
import { startDashboard } from "../../dashboard/server.ts";
import { openSampleDashboard, type SampleDashboard } from "./sample-dashboard.ts";

let dashboard: SampleDashboard;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
});
afterAll(() => dashboard.close());

const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  dashboard.app.request(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { origin: "http://localhost", ...headers },
  });

describe("security", () => {
  it("another host name is refused (DNS rebinding)", async () => {
    const response = await dashboard.app.request("/", { headers: { host: "evil.example:4500" } });
    expect(response.status).toBe(403);
    expect((await dashboard.app.request("/", { headers: { host: "127.0.0.1:4500" } })).status).toBe(200);
  });

  it("nothing inline may run, and nobody may frame it", async () => {
    const response = await dashboard.app.request("/");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(await response.text()).not.toMatch(/<[^>]+ (style|on\w+)=/);
  });

  it("with a token only those who have it come in, and the cookie is HttpOnly and SameSite", async () => {
    const app = createApp({ store: dashboard.store, home: dashboard.home, token: "secret" });
    expect((await app.request("/")).status).toBe(401);
    expect((await app.request("/?token=wrong")).status).toBe(401);
    const first = await app.request("/runs?token=secret&q=seed+%3D+0");
    expect(first.headers.get("location")).toBe("/runs?q=seed+%3D+0");
    const cookie = first.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect((await app.request("/", { headers: { cookie: cookie.split(";")[0] ?? "" } })).status).toBe(200);
    expect((await app.request("/", { headers: { authorization: "Bearer secret" } })).status).toBe(200);
  });

  it("a post from another site changes nothing", async () => {
    const { runId } = dashboard.run("frozen", 0);
    const response = await post("/runs/change", { run: runId, action: "archive" }, { origin: "http://evil.example" });
    expect(response.status).toBe(403);
    const [row] = await dashboard.store.sql`select archived_at from runs where run_id = ${runId}`;
    expect(row?.["archived_at"]).toBeNull();
  });

  it("rows are tagged, archived and restored in place", async () => {
    const { runId } = dashboard.run("frozen", 0);
    const back = "/runs?q=seed+%3D+0";
    const response = await post("/runs/change", { run: runId.slice(0, 8), action: "tag", tag: "keep", back });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(back);
    expect(await dashboard.page("/runs?q=tag+%3D+keep")).toContain(runId.slice(0, 8));
    await post("/runs/change", { run: runId, action: "archive" });
    expect(await dashboard.page("/runs")).not.toContain(runId);
    await post("/runs/change", { run: runId, action: "restore" });
    expect(await dashboard.page("/runs")).toContain(runId);
  });

  it("a way back to another site is not followed", async () => {
    const { runId } = dashboard.run("frozen", 0);
    const response = await post("/runs/change", { run: runId, action: "tag", tag: "x", back: "//evil.example" });
    expect(response.headers.get("location")).toBe("/runs");
  });

  it("only a running run can be stopped, and then the request is stored", async () => {
    const running = dashboard.run("lr=0.003", 2);
    expect((await post(`/runs/${running.runId}/stop`, {})).status).toBe(303);
    const [row] = await dashboard.store.sql`select stop_requested_at from runs where run_id = ${running.runId}`;
    expect(row?.["stop_requested_at"]).not.toBeNull();
    expect((await post(`/runs/${dashboard.run("frozen", 0).runId}/stop`, {})).status).toBe(409);
  });

  it("artifacts are served by known ids only, and never from outside the home", async () => {
    const { sql } = dashboard.store;
    const [known] = await sql<
      { id: string }[]
    >`select artifact_id as id from artifacts where kind = 'thumbnail' limit 1`;
    const picture = await dashboard.app.request(`/artifacts/${known?.id}`);
    expect(picture.headers.get("content-type")).toBe("image/webp");
    expect((await picture.arrayBuffer()).byteLength).toBeGreaterThan(100);
    expect((await dashboard.app.request("/artifacts/../../etc/passwd")).status).toBe(404);
    await sql`update artifacts set path = '../../../../../../etc/passwd' where artifact_id = ${known?.id ?? ""}`;
    expect((await dashboard.app.request(`/artifacts/${known?.id}`)).status).toBe(404);
  });

  it("a port in use is a clear error", async () => {
    const options = { store: dashboard.store, home: dashboard.home };
    const first = await startDashboard({ ...options, port: 0 });
    const port = Number(new URL(first.url).port);
    await expect(startDashboard({ ...options, port })).rejects.toMatchObject({ code: "port-in-use" });
    expect((await fetch(first.url)).status).toBe(200);
    await first.close();
  });

  it("on another address than loopback a token is made", async () => {
    const open = await startDashboard({ store: dashboard.store, home: dashboard.home, port: 0, host: "0.0.0.0" });
    expect(open.url).toMatch(/\?token=[0-9a-f]{32}$/);
    await open.close();
  });
});
