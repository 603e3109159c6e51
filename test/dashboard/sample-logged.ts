// What a hook and the machine logged of one sample run: numbers by epoch and by second, and a histogram of weights after each epoch.
import type { Sql } from "postgres";

const BATCHES = 5;
const BEGUN_MS = Date.UTC(2025, 2, 1, 9);

export async function insertLogged(sql: Sql, runId: string, epochs: number): Promise<void> {
  const numbered = Array.from({ length: epochs }, (_, i) => i + 1);
  const row = (name: string, epoch: number | null, step: number, value: number) => ({
    ...{ run_id: runId, name, step, epoch, value },
    at: new Date(BEGUN_MS + step * 1000),
  });
  await sql`insert into metric_values ${sql([
    ...numbered.map((epoch) => row("gap", epoch, epoch * BATCHES, 0.3 / epoch)),
    ...numbered.map((epoch) => row("system/cpu_percent", null, epoch * 10, 80 + epoch)),
  ])}`;
  await sql`insert into histograms ${sql(
    numbered.map((epoch) => ({
      run_id: runId,
      name: "weights/classifier.3.weight",
      step: epoch * BATCHES,
      epoch,
      edges: [-epoch, 0, epoch, 2 * epoch],
      counts: [2, 5, 1],
      at: new Date(BEGUN_MS + epoch * BATCHES * 1000),
    })),
  )}`;
}
