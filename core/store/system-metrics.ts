// How busy the machine is while a run goes on, as metrics named system/…: processor, memory, disk, and GPU where nvidia-smi tells.
// A sample takes well under a millisecond of this process (nvidia-smi runs beside it), and one is taken every ten seconds.
import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";
import { promisify } from "node:util";
import type { Recorder } from "../train/recorder.ts";

export interface SystemMetricsOptions {
  readonly recorder: Recorder;
  /** The disk that this folder is on is told. */
  readonly home: string;
  /** Of the run; steps are whole seconds since then, so that a resumed run goes on with the same curve. */
  readonly begunAt: Date;
  /** Default 10,000. */
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;
const FIRST_MS = 1_000;

export interface SystemMetrics {
  /** Takes a last sample. */
  stop(): Promise<void>;
}

/** A sample that cannot be taken or recorded is left out: it must never end a run. */
export function recordSystemMetrics({
  recorder,
  home,
  begunAt,
  everyMs = EVERY_MS,
}: SystemMetricsOptions): SystemMetrics {
  let before = readClocks();
  let gpu: (() => Promise<Sample>) | null = readGpus;
  const sample = async (): Promise<void> => {
    const now = readClocks();
    const values = {
      ...shares(before, now),
      ...memory(),
      ...(await disk(home)),
      ...(await gpu?.().catch(() => (gpu = null))),
    };
    before = now;
    const step = Math.max(0, Math.round((Date.now() - begunAt.getTime()) / 1000));
    for (const [name, value] of Object.entries(values)) {
      recorder.record({ kind: "metric", name: `system/${name}`, step, epoch: null, value });
    }
  };
  const quietly = (): Promise<void> => sample().catch(() => undefined);
  const first = setTimeout(() => void quietly(), Math.min(FIRST_MS, everyMs)).unref();
  const timer = setInterval(() => void quietly(), everyMs).unref();
  return {
    async stop() {
      clearTimeout(first);
      clearInterval(timer);
      gpu = null; // not worth waiting for
      await quietly();
    },
  };
}

type Sample = Readonly<Record<string, number>>;

interface Clocks {
  readonly atMs: number;
  /** Of all processors since boot, milliseconds. */
  readonly busyMs: number;
  readonly totalMs: number;
  /** Of this process and its threads, milliseconds. */
  readonly ownMs: number;
}

function readClocks(): Clocks {
  const times = cpus().map(({ times }) => times);
  const totalMs = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0);
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), busyMs: totalMs - idleMs, totalMs, ownMs: (user + system) / 1000 };
}

/** Machine: 100 is all processors busy; process: 100 is one processor busy. */
function shares(before: Clocks, now: Clocks): Sample {
  const total = now.totalMs - before.totalMs;
  const passed = now.atMs - before.atMs;
  return {
    ...(total > 0 && { cpu_percent: (100 * (now.busyMs - before.busyMs)) / total }),
    ...(passed > 0 && { process_cpu_percent: (100 * (now.ownMs - before.ownMs)) / passed }),
  };
}

const MB = 1e6;

function memory(): Sample {
  return {
    memory_used_mb: (totalmem() - freemem()) / MB,
    process_memory_mb: process.memoryUsage.rss() / MB,
  };
}

async function disk(home: string): Promise<Sample> {
  const { bavail, bsize } = await statfs(home);
  return { disk_free_mb: (bavail * bsize) / MB };
}

const GPU_FIELDS = "index,utilization.gpu,memory.used,temperature.gpu,power.draw";

/** @throws where there is no nvidia-smi, or it does not answer */
async function readGpus(): Promise<Sample> {
  const args = [`--query-gpu=${GPU_FIELDS}`, "--format=csv,noheader,nounits"];
  const { stdout } = await promisify(execFile)("nvidia-smi", args, { timeout: 2000 });
  return gpuSample(stdout);
}

/** @param text what nvidia-smi prints: a line for each GPU; memory in MiB, power in W */
export function gpuSample(text: string): Sample {
  const sample: Record<string, number> = {};
  for (const line of text.trim().split("\n").filter(Boolean)) {
    const [index, percent, usedMib, celsius, watts] = line.split(",").map(Number);
    const values = { percent, memory_used_mb: (usedMib! * 2 ** 20) / MB, celsius, watts };
    for (const [name, value] of Object.entries(values)) {
      if (Number.isFinite(value)) sample[`gpu${index}_${name}`] = value!; // "[N/A]" is left out
    }
  }
  return sample;
}
