// npm run bench:store: what recording costs a trainer, how fast rows reach the database, how fast the curves of many runs are read; in
// turn with MLflow (log_batch on SQLite, in process: its quickest way) over several rounds, with the promised ratios beside the numbers.
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
import { readFlags } from "./flags.ts";
import { MLFLOW, peerPython } from "./peer-python.ts";

const ROUNDS = 3;
const BATCHES = 100_000;
const CURVES = { runs: 500, points: 2000 } as const;
/** Of the fastest step that is trained in practice: a frozen backbone at 96 px, 32 images, 2 cores. */
const STEP_MS = 50;

readFlags(import.meta.url, {});
const home = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
delete process.env["DATABASE_URL"];
const python = await peerPython(MLFLOW);
const store = await openStore({ home });
try {
  const rounds: { ours: Recording; mlflow: Mlflow }[] = [];
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({ ours: await benchRecorder(store), mlflow: runMlflow(round) });
  report(rounds, await benchCurves(store));
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
  const events = Array.from({ length: BATCHES }, (_, index) => batchEvent(index + 1)); // the trainer's own work
  const times = new Float64Array(BATCHES);
  const began = performance.now();
  for (const [index, event] of events.entries()) {
    const start = performance.now();
    recorder.record(event);
    times[index] = 1000 * (performance.now() - start);
    if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
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

interface Mlflow {
  readonly version: string;
  readonly rowsPerSecond: number;
  readonly msPerStep: number;
}

function runMlflow(round: number): Mlflow {
  const script = fileURLToPath(new URL("store/log-batch.py", import.meta.url));
  const folder = mkdtempSync(join(home, `mlflow-${round}-`));
  const output = execFileSync(python, [script, folder], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return JSON.parse(output.trim().split("\n").at(-1)!) as Mlflow;
}

function report(
  rounds: readonly { ours: Recording; mlflow: Mlflow }[],
  { curvesMsMedian }: { curvesMsMedian: number },
): void {
  const ours = (key: keyof Recording) => median(rounds.map((round) => round.ours[key]));
  const theirs = (key: "rowsPerSecond" | "msPerStep") => median(rounds.map((round) => round.mlflow[key]));
  const recordMs = ours("recordUsMedian") / 1000;
  const lines: readonly (readonly [string, string, string, boolean | null])[] = [
    ["MLflow", rounds[0]!.mlflow.version, "", null],
    ["rows a second, ours", ours("rowsPerSecond").toFixed(0), "", null],
    ["rows a second, log_batch", theirs("rowsPerSecond").toFixed(0), "", null],
    ratio("ratio of rows a second", ours("rowsPerSecond") / theirs("rowsPerSecond"), 10),
    [
      "recording a batch, ours, µs (99th percentile)",
      `${ours("recordUsMedian").toFixed(1)} (${ours("recordUsP99").toFixed(1)})`,
      "",
      null,
    ],
    ["four metrics a step, log_batch, ms", theirs("msPerStep").toFixed(2), "", null],
    ratio("ratio of costs", theirs("msPerStep") / recordMs, 100),
    ["share of a step of 50 ms, %", ((100 * recordMs) / STEP_MS).toFixed(3), "< 1", recordMs < STEP_MS / 100],
    ["curves of 500 runs × 2,000 points, ms", curvesMsMedian.toFixed(0), "≤ 200", curvesMsMedian <= 200],
  ];
  for (const [name, value, target, holds] of lines)
    process.stdout.write(
      `${name.padEnd(48)}${value.padStart(14)}  ${target.padEnd(8)}${holds === null ? "" : holds ? "holds" : "MISSED"}\n`,
    );
  process.exitCode = lines.some(([, , , holds]) => holds === false) ? 1 : 0;
}

function ratio(name: string, value: number, least: number): readonly [string, string, string, boolean] {
  return [name, value.toFixed(1), `≥ ${least}`, value >= least];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
