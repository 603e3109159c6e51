// npm run bench:batches: ten million batch rows of 1,000 runs on one machine, inserted as a training's recorder does: rows a second for each
// million, bytes a row, and the run page at the end, with what is promised beside. Rows are drawn from a seed. On an embedded server.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stream } from "../core/random.ts";
import { openStore, createRun, type Store } from "../core/store/index.ts";
import { insertRows } from "../core/store/events/insert-rows.ts";
import { batchTarget, epochTarget } from "../core/store/events/targets.ts";
import { createApp } from "../dashboard/app.ts";
import { removeHome } from "../test/postgres.ts";

const MILLIONS = Number(process.argv[2] ?? 10);
const RUNS_IN_A_MILLION = 100;
const EPOCHS = 10;
const BATCHES = 1000;
/** Rows of one statement: what a recorder sends at a time after a pause. */
const BULK = 5000;
const PAGES = 20;

const home = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
delete process.env["DATABASE_URL"];
const store = await openStore({ home });
try {
  const ids: string[] = [];
  const rates: number[] = [];
  for (let million = 1; million <= MILLIONS; million++) {
    const began = performance.now();
    for (let run = 0; run < RUNS_IN_A_MILLION; run++) ids.push(await insertOne(store, ids.length));
    rates.push((1e9 * 1) / (performance.now() - began));
    console.log(`${String(million).padStart(3)} million: ${rates.at(-1)!.toFixed(0)} rows a second`);
  }
  await report(store, rates, ids);
} finally {
  await store.close();
  await removeHome(home);
}

async function insertOne({ sql }: Store, seed: number): Promise<string> {
  const runId = await createRun(store, {
    project: "bench",
    experiment: "batches",
    variant: "a",
    seed,
    settingsHash: "",
  });
  const draw = stream(seed, "bench-batches");
  const rows = Array.from({ length: EPOCHS * BATCHES }, (_, i) => ({
    ...{
      kind: "batch" as const,
      phase: "train" as const,
      epoch: 1 + Math.floor(i / BATCHES),
      batch: 1 + (i % BATCHES),
    },
    ...{
      loss: draw.uniform(),
      correct: draw.integer(33),
      n: 32,
      lr: 1e-3,
      durationMs: 80 + draw.uniform(),
      counts: null,
    },
    chain: Array.from({ length: 8 }, () =>
      draw
        .integer(2 ** 31)
        .toString(16)
        .padStart(8, "0"),
    ).join(""),
  }));
  for (let from = 0; from < rows.length; from += BULK)
    await sql.begin((own) => insertRows(own, runId, batchTarget, rows.slice(from, from + BULK), "new"));
  const metrics = { loss: 0.5, accuracy: 0.8, precision: null, recall: null, f1: null, auc: null };
  const epochs = Array.from({ length: EPOCHS }, (_, i) => ({
    ...{ kind: "epoch" as const, phase: "train" as const, epoch: i + 1, metrics, lr: 1e-3 },
    ...{ durationMs: 80_000, imagesPerSecond: 400, stateDigest: null },
  }));
  await insertRows(sql, runId, epochTarget, epochs, "new");
  return runId;
}

async function report(store: Store, rates: readonly number[], ids: readonly string[]): Promise<void> {
  const [size] = await store.sql<{ heap: number; index: number; rows: number }[]>`
    select pg_table_size('batches')::float8 as heap, pg_indexes_size('batches')::float8 as index, count(*)::float8 as rows from batches`;
  const { heap, index, rows } = size!;
  const [first = 0, last = 0] = [rates[0], rates.at(-1)];
  const pageMs = await median(ids, (id) => `/runs/${id}`);
  const curvesMs = await median(ids, (id) => `/api/v1/runs/${id}/curves`);
  console.log(
    `rows ${rows}, bytes a row: ${(heap / rows).toFixed(0)} in the table, ${(index / rows).toFixed(0)} in its index`,
  );
  console.log(`last million beside the first: ${(100 * (last / first - 1)).toFixed(0)} %   (promised: within 20 %)`);
  console.log(`run page ${pageMs.toFixed(0)} ms, its curves ${curvesMs.toFixed(0)} ms   (promised: page below 150 ms)`);
}

/** Over runs from all of the table. */
async function median(ids: readonly string[], pathOf: (id: string) => string): Promise<number> {
  const app = createApp({ store, home });
  const times: number[] = [];
  for (let i = 0; i < PAGES; i++) {
    const began = performance.now();
    const response = await app.request(pathOf(ids[Math.floor((i * ids.length) / PAGES)]!));
    await response.text();
    times.push(performance.now() - began);
    if (response.status !== 200) throw new Error(`${response.status}`);
  }
  return times.sort((a, b) => a - b)[PAGES >> 1]!;
}
