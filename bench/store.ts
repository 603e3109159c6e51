// What recording costs a trainer, how fast rows reach the database, how fast many curves are read; beside MLflow where its Python
// is given: npx tsx bench/store.ts [path of a python that has mlflow 3.17]
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BatchEvent } from "../core/train/recorder.ts";
import { createRun, openRecorder, openStore, type Store } from "../core/store/index.ts";
import { arrayLiteral } from "../core/store/events/array-literal.ts";
import { removeHome } from "../test/postgres.ts";
import { manyCurves } from "../dashboard/queries/curves.ts";

const BATCHES = 100_000;
const CURVES = { runs: 500, points: 2000 } as const;

const home = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
delete process.env["DATABASE_URL"];
const store = await openStore({ home });
try {
  const ours = await benchRecorder(store);
  print({ ...ours, ...(await benchCurves(store)) });
  const python = process.argv[2];
  if (python !== undefined) compare(ours, python);
} finally {
  await store.close();
  await removeHome(home);
}

interface Recording {
  readonly recordUsMedian: number;
  readonly recordUsP99: number;
  readonly rowsPerSecond: number;
}

/** 100,000 batch events of one run, as fast as they can be recorded, until all are in the database. */
async function benchRecorder(store: Store): Promise<Recording> {
  const runId = await createRun(store, {
    project: "bench",
    experiment: "record",
    variant: "a",
    seed: 0,
    settingsHash: "",
  });
  const recorder = await openRecorder({ store, runId, home });
  const times = new Float64Array(BATCHES);
  const began = performance.now();
  for (let batch = 1; batch <= BATCHES; batch++) {
    const event = batchEvent(batch);
    const start = performance.now();
    recorder.record(event);
    times[batch - 1] = 1000 * (performance.now() - start);
    if (batch % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await recorder.flush();
  const rowsPerSecond = (1000 * BATCHES) / (performance.now() - began);
  await recorder.close();
  times.sort();
  return { recordUsMedian: times[BATCHES / 2]!, recordUsP99: times[Math.floor(0.99 * BATCHES)]!, rowsPerSecond };
}

function batchEvent(batch: number): BatchEvent {
  const chain = createHash("sha256").update(String(batch)).digest("hex");
  return {
    kind: "batch",
    phase: "train",
    epoch: 1,
    batch,
    loss: 1 / batch,
    correct: 20,
    n: 32,
    lr: 1e-3,
    durationMs: 80.5,
    chain,
    counts: null,
  };
}

/** The loss by batch of 500 runs with 2,000 batches each, as the compare page reads it. */
async function benchCurves(store: Store): Promise<{ curvesMsMedian: number }> {
  const { sql } = store;
  const ids: string[] = [];
  for (let seed = 0; seed < CURVES.runs; seed++) {
    ids.push(
      await createRun(store, {
        project: "bench",
        experiment: "curves",
        variant: "a",
        seed,
        settingsHash: "",
        trainSamples: 64_000,
        batchSize: 32,
      }),
    );
  }
  await sql`
    insert into batches (run_id, phase, epoch, batch, loss, correct, n, lr, duration_ms, chain)
    select id, 'train', 1, batch, 1.0 / batch, 20, 32, 0.001, 80.5, sha256(int4send(batch))
    from unnest(${arrayLiteral(ids)}::text::uuid[]) as id, generate_series(1, ${CURVES.points}::int) as batch`;
  await sql.unsafe("vacuum analyze batches");
  const times: number[] = [];
  for (let time = 0; time < 5; time++) {
    const began = performance.now();
    await manyCurves(sql, { runIds: ids, phase: "train", metric: "loss", by: "batch" });
    times.push(performance.now() - began);
  }
  return { curvesMsMedian: times.sort((a, b) => a - b)[2]! };
}

function compare({ rowsPerSecond, recordUsMedian }: Recording, python: string): void {
  const script = fileURLToPath(new URL("store/log-batch.py", import.meta.url));
  const output = execFileSync(python, [script, home], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const mlflow = JSON.parse(output.trim().split("\n").at(-1)!) as {
    version: string;
    rowsPerSecond: number;
    msPerStep: number;
  };
  print({
    mlflow: mlflow.version,
    mlflowRowsPerSecond: mlflow.rowsPerSecond,
    mlflowMsPerStep: mlflow.msPerStep,
    rowsRatio: rowsPerSecond / mlflow.rowsPerSecond,
    costRatio: (1000 * mlflow.msPerStep) / recordUsMedian,
  });
}

function print(values: Record<string, number | string>): void {
  for (const [name, value] of Object.entries(values)) {
    process.stdout.write(`${name.padEnd(22)}${typeof value === "number" ? value.toPrecision(4) : value}\n`);
  }
}
