// npm run bench:batches [MILLIONS]: whether batch rows go in at the same rate from the first million to the tenth. A recorder's bulks fill
// the table, runs in random order of their keys; beside them some go into a small table that is emptied after each million, which shows how
// fast the machine itself is at that moment. Then bytes a row and the run page, each with what is promised. On an embedded server; rows are
// drawn from a seed.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stream } from "../core/random.ts";
import { openStore } from "../core/store/index.ts";
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
const BULKS_A_MILLION = 1_000_000 / BULK;
/** Every so many bulks one goes into the small table too. */
const BESIDE = 4;
const PAGES = 21;

const home = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
delete process.env["DATABASE_URL"];
const store = await openStore({ home });
try {
  await insertManyRows(store.sql, { runs: MILLIONS * 100, epochs: EPOCHS, batches: 0, testSamples: 10 });
  const millions = await fill();
  reportRates(millions);
  await reportSize();
  await reportPages();
} finally {
  await store.close();
  await removeHome(home);
}

/** Milliseconds of each bulk of one million rows. */
interface Million {
  readonly full: number[];
  readonly beside: number[];
}

async function fill(): Promise<Million[]> {
  await store.sql`create table batches_beside (like batches including all)`;
  await store.sql`alter table batches_beside add foreign key (run_id) references runs on delete cascade`;
  const beside = { ...batchTarget, table: "batches_beside" };
  const bulks = Array.from({ length: (EPOCHS * BATCHES) / BULK }, (_, i) => drawRows(i));
  const runs = await store.sql<{ id: string }[]>`select run_id::text as id from runs order by created_at`;
  const next = runs.flatMap(({ id }) => bulks.map((rows) => ({ id, rows })));
  const millions: Million[] = [];
  for (let million = 0; million < MILLIONS; million++) {
    await store.sql`truncate batches_beside`;
    const times: Million = { full: [], beside: [] };
    for (const [i, { id, rows }] of next.splice(0, BULKS_A_MILLION).entries()) {
      times.full.push(await timed(() => store.sql.begin((own) => insertRows(own, id, batchTarget, rows, "new"))));
      if (i % BESIDE !== 0) continue;
      times.beside.push(await timed(() => store.sql.begin((own) => insertRows(own, id, beside, rows, "new"))));
    }
    millions.push(times);
    console.log(`million ${million + 1}: ${rate(times.full)} rows a second, ${rate(times.beside)} beside it`);
  }
  return millions;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** @param part of a run's rows, from 0 */
function drawRows(part: number) {
  const draw = stream(part, "bench-batches");
  return Array.from({ length: BULK }, (_, i) => part * BULK + i).map((i) => ({
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

/** All bulks of it, the slow ones too. */
function rate(times: readonly number[]): number {
  return Math.round((1000 * BULK * times.length) / times.reduce((sum, ms) => sum + ms, 0));
}

function reportRates(millions: readonly Million[]): void {
  const percent = (part: number, whole: number) => `${(100 * (part / whole - 1)).toFixed(0)} %`;
  const rates = millions.map(({ full }) => rate(full));
  const typical = millions.map(({ full }) => Math.round((1000 * BULK) / median(full)));
  const [first, last] = [rates[0]!, rates.at(-1)!];
  console.log(`rows a second: ${first} in the first million, ${last} in the last: ${percent(last, first)}`);
  console.log(`by the median bulk: ${typical.join(", ")}: ${percent(typical.at(-1)!, typical[0]!)}`);
  const beside = millions.map((million) => rate(million.full) / rate(million.beside));
  console.log(`beside the small table: ${percent(beside.at(-1)!, beside[0]!)}   (promised: flat within 20 %)`);
}

async function reportSize(): Promise<void> {
  const [size] = await store.sql<{ heap: number; index: number; rows: number; checkpoints: number; wal: number }[]>`
    select pg_table_size('batches')::float8 as heap, pg_indexes_size('batches')::float8 as index, count(*)::float8 as rows,
      (select num_timed + num_requested from pg_stat_checkpointer)::float8 as checkpoints,
      (select wal_bytes from pg_stat_wal)::float8 as wal from batches`;
  const { heap, index, rows, checkpoints, wal } = size!;
  const each = (bytes: number) => (bytes / rows).toFixed(0);
  console.log(`${rows} rows; bytes a row: ${each(heap)} in the table, ${each(index)} in its index`);
  console.log(`${(wal / 1e9).toFixed(1)} GB of write-ahead log, ${checkpoints} checkpoints`);
}

async function reportPages(): Promise<void> {
  const runs = await store.sql<{ id: string }[]>`select run_id::text as id from runs order by run_id limit ${PAGES}`;
  const ids = runs.map(({ id }) => id);
  const pageMs = await pageTime(ids.map((id) => `/runs/${id}`));
  const curvesMs = await pageTime(ids.map((id) => `/api/v1/runs/${id}/curves`));
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
