// exp user as it is typed, and a dashboard of its own process that lets in whom it named.
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Started } from "./exp-process.ts";

const home = makeHome();
let env: Record<string, string>;
let dashboard: Started;
let url: string;
beforeAll(async () => {
  env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  dashboard = home.start(["dashboard", "--users", "--port", "0", "--json"], env);
  url = (JSON.parse(await dashboard.seen(/\{.*\}/)) as { url: string }).url;
}, 60_000);
afterAll(async () => {
  dashboard.child.kill("SIGINT");
  await dashboard.finished;
  await home.remove();
});

const user = (...args: string[]) => home.exp(["user", ...args], env);
const comesIn = async (token: string) =>
  (await fetch(url, { headers: { cookie: `lockstep_token=${token}` }, redirect: "manual" })).status;

it("a user is added, comes in, gets another token, and is removed", async () => {
  expect((await user("list")).stdout).toBe("There are no users. exp user add NAME makes one.\n");
  const added = await user("add", "ann", "--role", "write");
  expect(added.stdout).toMatch(/^[0-9a-f]{48}\nThe token of ann, shown this once/);
  const first = added.stdout.slice(0, 48);
  const [guest] = jsonLines((await user("add", "guest@lab", "--json")).stdout);
  expect(guest).toMatchObject({ type: "user", name: "guest@lab", role: "read" });
  expect([await comesIn(first), await comesIn(String(guest?.["token"])), await comesIn("0".repeat(48))]).toEqual([
    200, 200, 401,
  ]);
  const listed = jsonLines((await user("list", "--json")).stdout);
  expect(listed).toMatchObject([
    { name: "ann", role: "write", lastSeenAt: expect.any(String) as string },
    { name: "guest@lab", role: "read" },
  ]);
  expect((await user("list")).stdout).toMatch(/name +role +since +last seen +\n ann +write/);
  expect(JSON.stringify(listed)).not.toContain(first);

  const [rotated] = jsonLines((await user("rotate", "ann", "--json")).stdout);
  const second = String(rotated?.["token"]);
  expect([await comesIn(first), await comesIn(second)]).toEqual([401, 200]);
  expect((await user("rotate", "ann")).stdout).toMatch(/^[0-9a-f]{48}\nThe token of ann/);
  expect(await comesIn(second)).toBe(401);
  expect(jsonLines((await user("list", "--json")).stdout)[0]).toMatchObject({ name: "ann", role: "write" });

  expect((await user("remove", "guest@lab")).stdout).toBe("guest@lab is removed; its token ends now.\n");
  expect(await comesIn(String(guest?.["token"]))).toBe(401);
}, 60_000);

it.each([
  [["add", "ann"], "exp user: there is a user ann already.", "exp user rotate ann"],
  [["add", "two words"], 'exp user: "two words" is no user name.', "Use letters, digits"],
  [["add", "bob", "--role", "admin"], "read, write", "--role"],
  [["rotate", "nobody"], "exp user: there is no user nobody.", "exp user list"],
  [["remove", "nobody"], "exp user: there is no user nobody.", "exp user list"],
])("exp user %s is refused in a line, with what to do", async (args, ...parts) => {
  const { code, stdout, stderr } = await user(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr).not.toMatch(/^\s+at /m);
});
