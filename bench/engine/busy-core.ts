// How much longer a step takes while another process keeps one core busy: in turn quiet and busy, so that both see the same machine.
import { spawn } from "node:child_process";
import type { Contender } from "./cells.ts";
import { median } from "./median.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A step may take this many times as long. */
export const MOST_BUSY = 2.2;

export interface BusyCore {
  readonly contender: Contender;
  readonly quietMs: number;
  readonly busyMs: number;
}

/** @param ask milliseconds of the worker's steps */
export async function measureBusy(
  contender: Contender,
  worker: WorkerProcess,
  job: Parameters<WorkerProcess["ask"]>[0],
  rounds: number,
): Promise<BusyCore> {
  const quiet: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < rounds; round++) {
    quiet.push(...(await worker.ask(job)).ms);
    const other = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
    try {
      busy.push(...(await worker.ask(job)).ms);
    } finally {
      other.kill("SIGKILL");
    }
  }
  return { contender, quietMs: median(quiet), busyMs: median(busy) };
}
