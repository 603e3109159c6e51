// What live readers cost a training: in one run, windows without and with 20 readers in turn (ten of its page's events, ten of the two
// lists, which they fetch again whenever something changes), on the dashboard that `exp run` serves meanwhile. One run, so that
// neighbouring windows differ in nothing else; the order turns in every pair. Beside a batch's time, how busy the process' main thread is:
// it serves the pages and computes no training, so that other work on the machine hardly moves it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openReadyStore, type Store } from "../../core/store/index.ts";
import { meanInterval } from "../../dashboard/statistics/interval.ts";
import { median } from "../engine/median.ts";

const PORT = 45_871;
const DASHBOARD = `http://127.0.0.1:${PORT}`;
/** More than the recorder keeps back: after it, new rows are of batches that the window's readers saw. */
const SETTLE_MS = 1500;
const WINDOW_MS = 4000;
const EXPERIMENT = `
import { defineExperiment, phantom, random } from "lockstep";
export default defineExperiment({
  name: "live-cost",
  data: phantom({ task: "texture", samples: 1600, sizePx: 96 }),
  split: { train: 0.8, val: 0.1, test: 0.1, seed: 0 },
  positiveClass: "hyperechoic-spiculated",
  seeds: [0],
  base: { imageSizePx: 64, batchSize: 32, epochs: 1000, lr: 1e-3, init: random() },
});
`;

interface Window {
  /** Median of a training batch. */
  readonly batchMs: number;
  /** Of processor time of the main thread. */
  readonly mainMsPerSecond: number;
}

type Pair = Readonly<Record<"alone" | "read", Window>>;

/** A row a pair of windows, and the mean of the differences with its 95 % interval. */
export async function liveCosts(home: string, pairs: number): Promise<string[][]> {
  const file = join(home, "live-cost.ts");
  writeFileSync(file, EXPERIMENT);
  const args = ["core/cli/exp.mjs", "run", file, "--fresh", "--port", String(PORT)];
  const child = spawn(process.execPath, args, { env: { ...process.env, EXP_HOME: home }, stdio: "ignore" });
  const ended = once(child, "exit");
  const store = await openReadyStore({ home });
  try {
    const run = await runThatTrains(store, child);
    const windows: Pair[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const at = { run, pid: child.pid as number };
      const first = await measure(store, at, pair % 2 === 1);
      const second = await measure(store, at, pair % 2 === 0);
      windows.push(pair % 2 === 0 ? { alone: first, read: second } : { alone: second, read: first });
    }
    return rowsOf(windows);
  } finally {
    child.kill("SIGINT");
    await ended;
    await store.close();
  }
}

function rowsOf(pairs: readonly Pair[]): string[][] {
  const row = (name: string, { alone, read }: Pair) => [
    ...[name, alone.batchMs.toFixed(2), read.batchMs.toFixed(2), (read.batchMs - alone.batchMs).toFixed(2)],
    ...[alone.mainMsPerSecond.toFixed(0), read.mainMsPerSecond.toFixed(0)],
  ];
  const { mean, low95, high95 } = meanInterval(pairs.map(({ alone, read }) => read.batchMs - alone.batchMs))!;
  const range = low95 === null ? "" : ` (95 %: ${low95.toFixed(2)} to ${high95?.toFixed(2)})`;
  const main = (side: keyof Pair) =>
    (pairs.reduce((sum, pair) => sum + pair[side].mainMsPerSecond, 0) / pairs.length).toFixed(0);
  return [
    ...pairs.map((pair, i) => row(String(i + 1), pair)),
    ["mean", "", "", mean.toFixed(2) + range, main("alone"), main("read")],
  ];
}

/** Once its second epoch has begun: by then everything is warm. */
async function runThatTrains({ sql }: Store, child: { readonly exitCode: number | null }): Promise<string> {
  for (;;) {
    await sleep(500);
    if (child.exitCode !== null) throw new Error(`exp run ended with ${child.exitCode}`);
    const [run] = await sql<{ id: string }[]>`
      select run_id::text as id from runs r where experiment = 'live-cost' and status = 'running'
        and exists (select 1 from batches b where b.run_id = r.run_id and phase = 'train' and epoch = 2)
      order by created_at desc limit 1`;
    if (run !== undefined) return run.id;
  }
}

async function measure(
  { sql }: Store,
  { run, pid }: { run: string; pid: number },
  withReaders: boolean,
): Promise<Window> {
  const closing = new AbortController();
  if (withReaders) openReaders(run, closing.signal);
  await sleep(SETTLE_MS);
  const [from, busyBefore] = [await lastBatch(), mainThreadMs(pid)];
  await sleep(WINDOW_MS);
  const [to, busyAfter] = [await lastBatch(), mainThreadMs(pid)];
  closing.abort();
  const rows = await sql<{ ms: number }[]>`
    select duration_ms as ms from batches where run_id = ${run} and phase = 'train'
      and (epoch, batch) > (${from.epoch}, ${from.batch}) and (epoch, batch) <= (${to.epoch}, ${to.batch})`;
  return {
    batchMs: median(rows.map(({ ms }) => ms)),
    mainMsPerSecond: (busyAfter - busyBefore) / (WINDOW_MS / 1000),
  };

  async function lastBatch(): Promise<{ epoch: number; batch: number }> {
    const [row] = await sql<{ epoch: number; batch: number }[]>`
      select epoch, batch from batches where run_id = ${run} and phase = 'train' order by epoch desc, batch desc limit 1`;
    return row!;
  }
}

/** Linux counts in hundredths of a second. */
function mainThreadMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function openReaders(run: string, signal: AbortSignal): void {
  for (let i = 0; i < 10; i++) void follow(`${DASHBOARD}/api/v1/runs/${run}/events`, null, signal);
  for (let i = 0; i < 10; i++) void follow(`${DASHBOARD}/api/v1/events`, i % 2 === 0 ? "/" : "/runs", signal);
}

/** Reads as a browser does: of a list, the page again whenever something changed. */
async function follow(url: string, list: string | null, signal: AbortSignal): Promise<void> {
  try {
    const { body } = await fetch(url, { signal });
    for await (const _ of body ?? [])
      if (list !== null) await (await fetch(DASHBOARD + list, { signal, headers: { "lockstep-live": "1" } })).text();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
