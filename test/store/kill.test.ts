// A trainer with steps of 1 ms, its database server, or both killed with SIGKILL at random moments, and started again: every batch that
// the spool had acknowledged is in the database, once, with the chain that follows from the rows before it. LOCKSTEP_LONG=1
// (npm run check:long) does 100 rounds, else one of each kind.
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { stream } from "../../core/random.ts";
import { serverPid, startServer } from "../../core/store/embedded/server.ts";
import { createRun, findRun, openReadyStore, readBatches, type Store } from "../../core/store/index.ts";
import { removeHome, temporaryHome } from "../postgres.ts";
import { firstWrong } from "./chained-batches.ts";
import { newRun } from "./sample-run.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";
const ROUNDS = LONG ? 100 : 3;
const KINDS = ["trainer", "server", "both"] as const;
type Kind = (typeof KINDS)[number];
/** Latest moment of the kill after the first batch, and of the end after the restart. */
const MOST_MS = LONG ? 1500 : 500;
vi.setConfig({ testTimeout: LONG ? 7_200_000 : 300_000 });

const home = temporaryHome();
const program = fileURLToPath(new URL("trainer-process.ts", import.meta.url));
const random = stream(0, "kill moments of the store");
const environment = { ...process.env, DATABASE_URL: "" };

beforeAll(() => startServer(home), 120_000);
afterAll(() => removeHome(home));

interface Trainer {
  readonly child: ChildProcess;
  /** Resolves when the first batch is recorded. */
  readonly begun: Promise<void>;
  /** @returns the last batch that it said to be recorded */
  readonly ended: Promise<number>;
}

function startTrainer(runId: string): Trainer {
  const child = spawn(process.execPath, ["--import", "tsx", program, home, runId], { env: environment });
  let output = "";
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const begun = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      resolve();
    });
    child.on("close", () => reject(new Error(`the trainer ended before its first batch:\n${complaints}`)));
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("close", (code) => {
      if (code) reject(new Error(`the trainer ended with code ${code}:\n${complaints}`));
      resolve(Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1)));
    });
  });
  ended.catch(() => undefined); // awaited later
  return { child, begun, ended };
}

/** With the home's own server, which is started again where it was killed; sends what was left, as every exp command. */
function nextCommand(): Promise<Store> {
  return openReadyStore({ home });
}

interface Round {
  readonly recorded: number;
  readonly rows: number;
}

async function killOnce(kind: Kind, seed: number): Promise<Round> {
  const before = await nextCommand();
  const runId = await createRun(before, newRun({ seed, status: "running" }));
  await before.close();
  let trainer = startTrainer(runId);
  let recorded = 0;
  await trainer.begun;
  await sleep(random.uniform() * MOST_MS);
  if (kind !== "trainer") process.kill(serverPid(home)!, "SIGKILL");
  if (kind !== "server") {
    trainer.child.kill("SIGKILL");
    recorded = await trainer.ended;
    const rows = await checkRows(runId, recorded);
    expect(rows.status).toBe("lost");
    trainer = startTrainer(runId);
    await trainer.begun;
  }
  await sleep(random.uniform() * MOST_MS);
  trainer.child.kill("SIGTERM");
  recorded = Math.max(recorded, await trainer.ended);
  const { status, rows } = await checkRows(runId, recorded);
  expect(status).toBe("done");
  return { recorded, rows };
}

/** Batches, their metric and every tenth's line: none missing, none twice, none wrong. */
async function checkRows(runId: string, recorded: number): Promise<{ status: string; rows: number }> {
  const store = await nextCommand();
  try {
    const rows = await readBatches(store, runId);
    expect(rows.length).toBeGreaterThanOrEqual(recorded);
    expect(firstWrong(rows)).toBeNull();
    const [others] = await store.sql<{ metrics: number; wrong: number; lines: number; different: number }[]>`
      select (select count(*)::int from metric_values where run_id = ${runId} and step <= ${recorded}) as metrics,
        (select count(*)::int from metric_values m join batches b on m.run_id = b.run_id and m.step = b.batch
          where m.run_id = ${runId} and m.value <> b.loss / 3) as wrong,
        (select count(*)::int from run_events where run_id = ${runId}) as lines,
        (select count(distinct text)::int from run_events where run_id = ${runId}) as different`;
    expect(others).toMatchObject({ wrong: 0 });
    expect(others!.metrics).toBeGreaterThanOrEqual(recorded - 1); // the process may die between a batch and its metric
    expect(others!.lines).toBe(others!.different);
    expect(others!.lines).toBeGreaterThanOrEqual(Math.floor(recorded / 10) - 1);
    return { status: (await findRun(store, runId)).status, rows: rows.length };
  } finally {
    await store.close();
  }
}

it(`after ${ROUNDS} kills of trainer, server or both, all that was recorded is stored once, and right`, async () => {
  const sums = { trainer: 0, server: 0, both: 0, recorded: 0, rows: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const kind = LONG ? KINDS[random.integer(KINDS.length)]! : KINDS[round]!;
    const { recorded, rows } = await killOnce(kind, round);
    sums[kind]++;
    sums.recorded += recorded;
    sums.rows += rows;
  }
  process.stdout.write(
    `${ROUNDS} kills: trainer ${sums.trainer}, server ${sums.server}, both ${sums.both}; ` +
      `${sums.recorded} batches acknowledged, ${sums.rows} rows, 0 missing, 0 twice, 0 wrong\n`,
  );
  expect(readdirSync(join(home, "spool"))).toEqual([]);
});
