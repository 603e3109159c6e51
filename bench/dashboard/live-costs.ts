// What live readers cost a training: the same run in turn alone and with 20 readers of its page's events, on the dashboard that `exp run`
// serves meanwhile; the median over its batches, and how long all of them took.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openReadyStore } from "../../core/store/index.ts";

const READERS = 20;
const PORT = 45_871;
const DASHBOARD = `http://127.0.0.1:${PORT}`;
const EXPERIMENT = `
import { defineExperiment, phantom, random } from "lockstep";
export default defineExperiment({
  name: "live-cost",
  data: phantom({ task: "texture", samples: 800, sizePx: 96 }),
  split: { train: 0.8, val: 0.1, test: 0.1, seed: 0 },
  positiveClass: "hyperechoic-spiculated",
  seeds: [0],
  base: { imageSizePx: 64, batchSize: 32, epochs: 6, lr: 1e-3, init: random() },
});
`;

export async function liveCosts(home: string, pairs: number): Promise<string[][]> {
  const file = join(home, "live-cost.ts");
  writeFileSync(file, EXPERIMENT);
  await train(home, file, 0); // prepares the images
  const rows: string[][] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    const alone = await train(home, file, 0);
    const read = await train(home, file, READERS);
    rows.push([`${pair}: median`, alone.median.toFixed(2), read.median.toFixed(2)]);
    rows.push([`${pair}: mean`, alone.mean.toFixed(2), read.mean.toFixed(2)]);
  }
  return rows;
}

interface BatchMs {
  readonly median: number;
  readonly mean: number;
}

async function train(home: string, file: string, readers: number): Promise<BatchMs> {
  const args = ["core/cli/exp.mjs", "run", file, "--fresh", "--json", "--port", String(PORT)];
  const env = { ...process.env, EXP_HOME: home };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "ignore"] });
  const ended = once(child, "exit");
  const closing = new AbortController();
  if (readers > 0) {
    const run = await runningRun();
    for (let i = 0; i < readers; i++) void follow(`${DASHBOARD}/api/v1/runs/${run}/events`, closing.signal);
  }
  await ended;
  closing.abort();
  if (child.exitCode !== 0) throw new Error(`exp run ended with ${child.exitCode}`);
  return latestBatches(home);
}

async function runningRun(): Promise<string> {
  for (;;) {
    await sleep(200);
    const answer = await fetch(`${DASHBOARD}/api/v1/runs?q=status+%3D+running`).catch(() => null);
    if (answer === null) continue;
    const { runs } = (await answer.json()) as { runs: { id: string }[] };
    if (runs[0] !== undefined) return runs[0].id;
  }
}

/** Reads as a browser does. */
async function follow(url: string, signal: AbortSignal): Promise<void> {
  try {
    const { body } = await fetch(url, { signal });
    for await (const _ of body ?? []);
  } catch {
    // the training is over
  }
}

async function latestBatches(home: string): Promise<BatchMs> {
  const store = await openReadyStore({ home });
  const [row] = await store.sql<BatchMs[]>`
    select percentile_cont(0.5) within group (order by duration_ms) as median, avg(duration_ms)::float8 as mean from batches
    where phase = 'train' and epoch > 1
      and run_id = (select run_id from runs where experiment = 'live-cost' order by created_at desc limit 1)`;
  await store.close();
  return row as BatchMs;
}
