// Ten processes that record a batch every millisecond at the same time, while the dashboard is looked at: no complaint, no lost row; how
// long a page takes is printed. LOCKSTEP_LONG=1 (npm run check:long) does it for a minute, else there are three for a second.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { createRun, findRun, openStore, readBatches, type Store } from "../../core/store/index.ts";
import { startDashboard, type Dashboard } from "../../dashboard/server.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { firstWrong } from "./chained-batches.ts";
import { newRun } from "./sample-run.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";
const RECORDING_MS = LONG ? 60_000 : 1_000;
const PROCESSES = LONG ? 10 : 3;
vi.setConfig({ testTimeout: LONG ? 1_200_000 : 240_000 });

const home = temporaryHome();
const program = fileURLToPath(new URL("trainer-process.ts", import.meta.url));
let databaseUrl: string;
let store: Store;
let dashboard: Dashboard;
beforeAll(async () => {
  databaseUrl = await createTestDatabase(inject("postgresUrl"));
  store = await openStore({ databaseUrl });
  dashboard = await startDashboard({ store, home, port: 0 });
});
afterAll(async () => {
  await dashboard.close();
  await store.close();
  rmSync(home, { recursive: true });
});

interface Recording {
  readonly begun: Promise<void>;
  readonly end: () => void;
  /** What it printed: the last batch recorded, and complaints. */
  readonly ended: Promise<{ recorded: number; complaints: string }>;
}

function startRecording(runId: string): Recording {
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, ["--import", "tsx", program, home, runId], { env });
  let [last, complaints] = ["", ""];
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = new Promise<{ recorded: number; complaints: string }>((resolve) => {
    child.on("close", (code) => {
      if (code !== 0) complaints += `ended with ${code}`;
      resolve({ recorded: Number(last.trim().split("\n").at(-1)), complaints });
    });
  });
  const begun = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      last = last.slice(-20) + chunk.toString();
      resolve();
    });
    void ended.then(() => resolve());
  });
  return { begun, end: () => child.kill("SIGTERM"), ended };
}

/** Milliseconds that each page took, one after another until the time is over. */
async function lookAround(runIds: readonly string[]): Promise<Map<string, number[]>> {
  const [a, b] = runIds;
  const pages = ["/", "/runs", `/runs/${a}`, `/runs/${a}/log`, `/compare?runs=${a},${b}`, `/api/v1/runs/${a}/curves`];
  const times = new Map<string, number[]>(pages.map((page) => [page, []]));
  const until = performance.now() + RECORDING_MS;
  while (performance.now() < until) {
    for (const page of pages) {
      const began = performance.now();
      const answer = await fetch(new URL(page, dashboard.url));
      await answer.text();
      times.get(page)!.push(performance.now() - began);
      expect([page, answer.status]).toEqual([page, 200]);
    }
    await sleep(200);
  }
  return times;
}

function tell(times: ReadonlyMap<string, readonly number[]>, runIds: readonly string[]): void {
  for (const [page, ms] of times) {
    const sorted = [...ms].sort((x, y) => x - y);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(0);
    const shown = runIds.reduce((text, id) => text.replaceAll(id, id.slice(0, 4)), page);
    process.stdout.write(`${shown.padEnd(32)} ${ms.length} times, median ${at(0.5)} ms, 95th percentile ${at(0.95)} ms, longest ${at(1)} ms\n`); // prettier-ignore
  }
}

it(`${PROCESSES} processes record for ${RECORDING_MS / 1000} s without a complaint or a lost row`, async () => {
  const runIds: string[] = [];
  for (let seed = 0; seed < PROCESSES; seed++) runIds.push(await createRun(store, newRun({ seed, status: "running" })));
  const first = performance.now();
  await (await fetch(dashboard.url)).text();
  process.stdout.write(
    `/ at first, which loads the dashboard's program: ${(performance.now() - first).toFixed(0)} ms\n`,
  );
  const recordings = runIds.map(startRecording);
  await Promise.all(recordings.map(({ begun }) => begun));
  const times = await lookAround(runIds);
  for (const { end } of recordings) end();
  const results = await Promise.all(recordings.map(({ ended }) => ended));
  let sum = 0;
  for (const [i, { recorded, complaints }] of results.entries()) {
    expect(complaints).toBe("");
    const rows = await readBatches(store, runIds[i]!);
    expect([rows.length, firstWrong(rows)]).toEqual([recorded, null]);
    expect((await findRun(store, runIds[i]!)).status).toBe("done");
    sum += recorded;
  }
  process.stdout.write(
    `${PROCESSES} processes, ${RECORDING_MS / 1000} s: ${sum} batches recorded, all of them stored\n`,
  );
  tell(times, runIds);
});
