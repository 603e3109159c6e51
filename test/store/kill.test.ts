// A trainer killed with SIGKILL at several moments: every batch whose record had returned is in the database afterwards, once.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createRun, openReadyStore, openStore, readBatches, findRun, type Store } from "../../core/store/index.ts";
import { createTestDatabase } from "../postgres.ts";
import { batchEvent, newRun } from "./sample-run.ts";

const ROUNDS = 4;
let store: Store;
let databaseUrl: string;
const home = mkdtempSync(join(tmpdir(), "lockstep-kill-"));

beforeAll(async () => {
  databaseUrl = await createTestDatabase(inject("postgresUrl"));
  store = await openStore({ databaseUrl });
});
afterAll(async () => {
  await store.close();
  rmSync(home, { recursive: true });
});

const url = (path: string): string => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));

/** Records a batch every millisecond for ever and says after each that it is recorded. */
const PROGRAM = `
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openRecorder, openStore } from ${url("../../core/store/index.ts")};
import { batchEvent } from ${url("./sample-run.ts")};
const [databaseUrl, home, runId] = process.argv.slice(1);
const recorder = await openRecorder({ store: await openStore({ databaseUrl }), runId, home });
recorder.record({ kind: "status", status: "running", digest: null, error: null });
for (let batch = 1; ; batch++) {
  recorder.record(batchEvent(1, batch));
  writeSync(1, batch + "\\n");
  await sleep(1);
}`;

/** @returns the last batch that it said to be recorded */
function recordUntilKilled(runId: string, atBatch: number): Promise<number> {
  const args = ["--import", "tsx", "--input-type=module", "-e", PROGRAM, databaseUrl, home, runId];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split("\n").length > atBatch) child.kill("SIGKILL");
  });
  return new Promise((done) => child.on("close", () => done(Number(output.trim().split("\n").at(-1)))));
}

test("what a killed trainer had recorded is stored once, and its run counts as lost", async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    const runId = await createRun(store, newRun({ seed: round }));
    const acknowledged = await recordUntilKilled(runId, 97 * round);
    const next = await openReadyStore({ databaseUrl, home });
    const batches = await readBatches(next, runId);
    expect(batches.length).toBeGreaterThanOrEqual(acknowledged);
    expect(batches.map(({ batch, chain }) => [batch, chain])).toEqual(
      batches.map((_, i) => [i + 1, batchEvent(1, i + 1).chain]),
    );
    expect((await findRun(next, runId)).status).toBe("lost");
    await next.close();
  }
  expect(readdirSync(join(home, "spool"))).toEqual([]);
});

test("the interval over seeds is Student's t over the latest finished run of each seed", async () => {
  const accuracies = [0.8, 0.9, 0.85];
  for (const [seed, accuracy] of [...accuracies.entries(), [0, 0.7] as const]) {
    const runId = await createRun(
      store,
      newRun({
        variant: "interval",
        seed,
        status: "done",
        testAccuracy: accuracy,
        endedAt: new Date(accuracy === 0.7 ? 1 : 2),
      }),
    );
    expect(runId).toHaveLength(36);
  }
  await createRun(store, newRun({ variant: "single", status: "done", testAccuracy: 0.5 }));
  const rows =
    await store.sql`select variant, mean, n, low95, high95 from v_variants where metric = 'test_accuracy' and variant in ('interval', 'single') order by variant`;
  const half = (4.30265272974946 * 0.05) / Math.sqrt(3); // t(0.975, 2) of scipy, sd 0.05
  expect(rows[0]).toMatchObject({ variant: "interval", n: 3 });
  expect(rows[0]!["mean"]).toBeCloseTo(0.85, 12);
  expect(rows[0]!["low95"]).toBeCloseTo(0.85 - half, 12);
  expect(rows[0]!["high95"]).toBeCloseTo(0.85 + half, 12);
  expect(rows[1]).toMatchObject({ variant: "single", mean: 0.5, n: 1, low95: null, high95: null });
});
