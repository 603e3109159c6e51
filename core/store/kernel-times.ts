// Where a run's time went, of runs made with `exp run --profile`.
import type { Store } from "./connect.ts";

export interface KernelTime {
  /** What the kernels did: "train", "evaluate", … */
  readonly work: string;
  readonly kernel: string;
  readonly batches: number;
  readonly msPerBatch: number;
  /** Of this work's time, 0 to 1. */
  readonly share: number;
}

/** The work that took longest first, then its kernels, longest first. */
export async function readKernelTimes({ sql }: Pick<Store, "sql">, runId: string): Promise<KernelTime[]> {
  return sql<KernelTime[]>`
    select work, kernel, batches, ms_per_batch as "msPerBatch", share from v_kernel_times
    where run_id = ${runId} order by sum(ms) over (partition by work) desc, work, ms desc`;
}
