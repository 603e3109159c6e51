// What `exp run --profile` measured, as `exp show` prints it: a table for each kind of work.
import pc from "picocolors";
import type { KernelTime } from "../store/index.ts";
import { printTable } from "./output.ts";

export function printKernelTimes(times: readonly KernelTime[]): void {
  for (const work of new Set(times.map((time) => time.work))) {
    const rows = times.filter((time) => time.work === work);
    const batches = rows[0]?.batches ?? 0;
    const total = rows.reduce((sum, { msPerBatch }) => sum + msPerBatch, 0);
    process.stdout.write(
      `\n${pc.bold(`Where the time of ${work} went`)} (${batches} batches, ${total.toFixed(1)} ms each)\n`,
    );
    printTable(
      ["kernel", "ms a batch", "share"],
      rows.map(({ kernel, msPerBatch, share }) => [
        kernel,
        msPerBatch.toFixed(2).padStart(10),
        `${(100 * share).toFixed(1)} %`.padStart(7),
      ]),
    );
  }
}
