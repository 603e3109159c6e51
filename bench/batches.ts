// npm run bench:batches [MILLIONS]: what ten million batch rows do to the next ones. The rows are made inside the server; then a recorder's
// bulks go in turn into that table and into an empty one like it, so that a busy machine slows both. Bytes a row and the run page at the
// end, with what is promised beside. On an embedded server; rows are drawn from a seed.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stream } from "../core/random.ts";
import { createRun, openStore } from "../core/store/index.ts";
import { insertRows } from "../core/store/events/insert-rows.ts";
import { batchTarget } from "../core/store/events/targets.ts";
import { createApp } from "../dashboard/app.ts";
import { insertManyRows } from "../test/dashboard/many-rows.ts";
import { removeHome } from "../test/postgres.ts";

const MILLIONS = Number(process.argv[2] ?? 10);
const EPOCHS = 10;
const BATCHES = 1000;
/** Rows of one statement: what a recorder sends at a time after a pause. */
const BULK = 5000;
const ROUNDS = 40;
const PAGES = 21;

const home = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
delete process.env["DATABASE_URL"];
const store = await openStore({ home });
try {
  const began = performance.now();
  const runs = MILLIONS * 100;
  await insertManyRows(store.sql, { runs, epochs: EPOCHS, batches: BATCHES, testSamples: 10 });
  console.log(`${MILLIONS} million rows of ${runs} runs in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  await report(await insertInTurn());
} finally {
  await store.close();
  await removeHome(home);
}

/** @returns milliseconds of each bulk into the full table and into the empty one */
async function insertInTurn(): Promise<{ full: number[]; empty: number[] }> {
  await store.sql`create table batches_empty (like batches including all)`;
  await store.sql`alter table batches_empty add foreign key (run_id) references runs on delete cascade`;
  const times = { full: [] as number[], empty: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const about = { project: "default", experiment: "more", variant: "a", seed: round, settingsHash: "" };
    const runId = await createRun(store, about);
    const rows = drawRows(round);
    for (const which of round % 2 === 0 ? (["full", "empty"] as const) : (["empty", "full"] as const)) {
      const target = which === "full" ? batchTarget : { ...batchTarget, table: "batches_empty" };
      const began = performance.now();
      await store.sql.begin((own) => insertRows(own, runId, target, rows, "new"));
      times[which].push(performance.now() - began);
    }
  }
  return times;
}

function drawRows(seed: number) {
  const draw = stream(seed, "bench-batches");
  return Array.from({ length: BULK }, (_, i) => ({
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
}

async function report(times: { readonly full: readonly number[]; readonly empty: readonly number[] }): Promise<void> {
  const [size] = await store.sql<{ heap: number; index: number; rows: number }[]>`
    select pg_table_size('batches')::float8 as heap, pg_indexes_size('batches')::float8 as index, count(*)::float8 as rows from batches`;
  const { heap, index, rows } = size!;
  const rate = (all: readonly number[]) => (1000 * BULK) / median(all);
  const [full, empty] = [rate(times.full), rate(times.empty)];
  const runs = await store.sql<{ id: string }[]>`
    select run_id::text as id from runs where experiment <> 'more' order by run_id limit ${PAGES}`;
  const ids = runs.map(({ id }) => id);
  const pageMs = await pageTime(ids.map((id) => `/runs/${id}`));
  const curvesMs = await pageTime(ids.map((id) => `/api/v1/runs/${id}/curves`));
  console.log(
    `rows ${rows}; bytes a row: ${(heap / rows).toFixed(0)} in the table, ${(index / rows).toFixed(0)} in its index`,
  );
  console.log(`rows a second: ${full.toFixed(0)} with them, ${empty.toFixed(0)} into an empty table`);
  console.log(`with them beside empty: ${(100 * (full / empty - 1)).toFixed(0)} %   (promised: within 20 %)`);
  console.log(`run page ${pageMs.toFixed(0)} ms, its curves ${curvesMs.toFixed(0)} ms   (promised: page below 150 ms)`);
}

async function pageTime(paths: readonly string[]): Promise<number> {
  const app = createApp({ store, home });
  const times: number[] = [];
  for (const path of paths) {
    const began = performance.now();
    const response = await app.request(path);
    await response.text();
    times.push(performance.now() - began);
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
