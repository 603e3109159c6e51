// The embedded server in homes of their own: started twice at once, killed, stopped, with a home that its user cannot reach.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRun, findRun, openRecorder, openStore, readBatches } from "../../core/store/index.ts";
import { findServer, serverPid, startServer, stopServer } from "../../core/store/embedded/server.ts";
import { findCluster } from "../../core/store/embedded/cluster.ts";
import { removeHome, temporaryHome } from "../postgres.ts";
import { batchEvent, newRun } from "./sample-run.ts";

/** One home for all, since making one takes seconds on a busy machine; the other is closed to every user but us. */
const home = temporaryHome();
const closedFolder = temporaryHome(); // mkdtemp gives mode 0700
const closedHome = join(closedFolder, ".exp with a space");

beforeAll(() => {
  delete process.env["DATABASE_URL"]; // these tests are about the embedded server
});
afterAll(async () => {
  await removeHome(closedHome);
  rmSync(closedFolder, { recursive: true, force: true });
  await removeHome(home);
});

async function killServer(): Promise<void> {
  const pid = serverPid(home)!;
  process.kill(pid, "SIGKILL");
  while (serverPid(home) === pid) await sleep(10);
}

test("two starts at once give one server, and another home another one", async () => {
  const urls = await Promise.all([openInChild(home), openInChild(home), startServer(closedHome)]);
  expect(urls[0]).toBe(urls[1]);
  expect(urls[2]).not.toBe(urls[0]);
  expect(readdirSync(home)).toEqual(["postgres"]);
});

/** openStore in a process of its own, as two `exp run` would. @returns the URL */
function openInChild(home: string): Promise<string> {
  const program = `import { openStore } from ${JSON.stringify(fileURLToPath(new URL("../../core/store/index.ts", import.meta.url)))};
    const store = await openStore({ home: process.argv[1] }); await store.close(); process.stdout.write(store.url);`;
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program, home], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((done) => child.on("close", () => done(output)));
}

test("a server killed in the middle of recording is started again and no row is lost or twice", async () => {
  const store = await openStore({ home });
  const runId = await createRun(store, newRun());
  const notices: string[] = [];
  const recorder = await openRecorder({ store, runId, home, onNotice: (text) => notices.push(text) });
  for (let batch = 1; batch <= 900; batch++) {
    recorder.record(batchEvent(1, batch));
    if (batch === 300 || batch === 600) await killServer();
    if (batch % 100 === 0) await sleep(120);
  }
  expect(await recorder.flush()).toEqual({ stored: true });
  await recorder.close();
  const batches = await readBatches(store, runId);
  expect(batches.map(({ batch, chain }) => [batch, chain])).toEqual(
    Array.from({ length: 900 }, (_, i) => [i + 1, batchEvent(1, i + 1).chain]),
  );
  await store.close();
});

/** These tests are about the embedded server, whatever DATABASE_URL says. */
delete process.env["DATABASE_URL"];

test("stop stops it, and the next start finds the same rows", async () => {
  const first = await openStore({ home });
  const runId = await createRun(first, newRun());
  await first.close();
  expect(await stopServer(home)).toBe(true);
  expect(await stopServer(home)).toBe(false);
  expect(await findServer(home)).toBe(null);
  const second = await openStore({ home });
  expect((await findRun(second, runId.slice(0, 8))).runId).toBe(runId);
  await second.close();
});

test("a pid file whose number now belongs to another program does not stop the start", async () => {
  await startServer(home);
  await killServer();
  const pidFile = join(findCluster(home)!.place, "data", "postmaster.pid");
  writeFileSync(pidFile, readFileSync(pidFile, "utf8").replace(/^\d+/, String(process.pid)));
  expect(await startServer(home)).toMatch(/^postgres:/);
});

test.skipIf(process.getuid?.() !== 0)(
  "as root a home that no other user can reach has its server outside",
  async () => {
    const store = await openStore({ home: closedHome });
    await store.sql`select count(*) from runs`;
    await store.close();
    const place = findCluster(closedHome)!.place;
    expect(place.startsWith(closedFolder)).toBe(false);
    expect(existsSync(join(place, "data"))).toBe(true);
  },
);
