// SIGKILL at random moments, in checkpoint writes, at an epoch's end and in the test stage: gone on with each time, a run ends with the
// digest and exactly the rows of an undisturbed one. LOCKSTEP_LONG=1 (npm run check:long) kills 20 times, else a few.
import { mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { stream } from "../../core/random.ts";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";
/** At random, besides those at AIMED. */
const RANDOM_KILLS = LONG ? 14 : 1;
/** A file's name in the run's folder, at whose appearance the process is killed; the last one is written in the test stage. */
const AIMED = [
  ...(LONG ? [/^step-.*\.tmp$/, /^step-.*safetensors$/, /^best-.*\.tmp$/, /^best-.*safetensors$/] : []),
  /^step-.*\.tmp$/,
  /^confusion-test.*\.tmp$/,
];
const KILLS = RANDOM_KILLS + AIMED.length;
vi.setConfig({ testTimeout: LONG ? 1_800_000 : 240_000 });

let home: Home;
let env: Record<string, string>;
beforeAll(async () => {
  home = makeHome();
  env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  home.write("kill.ts", tinyExperiment({ name: "kill", base: { ...TINY_SETTINGS, epochs: LONG ? 12 : 4 } }));
});
afterAll(() => home.remove());

const RUN = ["run", "kill.ts", "--json", "--no-dashboard", "--checkpoint-every", "2", "--threads", "1"];

async function toTheEnd(...flags: string[]): Promise<{ run: string; digest: string }> {
  const { code, stdout, stderr } = await home.exp([...RUN, ...flags], env);
  expect(code, stderr).toBe(0);
  return (jsonLines(stdout).at(-1)?.["runs"] as { run: string; digest: string }[])[0]!;
}

/** Kills the command some time after its run has begun. @returns whether it was still at work */
async function killAfter(delayMs: number): Promise<boolean> {
  const started = home.start(RUN, env);
  await started.seen(/started as run|goes on|is kept/);
  await Promise.race([sleep(delayMs), started.finished]);
  return started.child.exitCode === null && started.child.kill("SIGKILL") && (await started.finished).code === null;
}

/** Kills the command as soon as such a file appears in its run's folder. @returns whether it was still at work */
async function killAt(file: RegExp): Promise<boolean> {
  const started = home.start(RUN, env);
  const run = await started.seen(/(?<=run )[0-9a-f-]{36}/);
  const folder = join(home.folder, ".exp", "runs", run);
  mkdirSync(folder, { recursive: true });
  const watcher = watch(folder, (_event, name) => {
    if (file.test(name ?? "")) started.child.kill("SIGKILL");
  });
  const { signal } = await started.finished;
  watcher.close();
  return signal === "SIGKILL";
}

async function sql(query: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await home.exp(["sql", query, "--json"], env);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout);
}

it(`a run killed ${KILLS} times ends with the digest and the rows of an undisturbed one`, async () => {
  const begun = performance.now();
  const undisturbed = await toTheEnd();
  const lastsMs = (performance.now() - begun) / 2; // half of it is the start of the process
  const random = stream(0, "kill moments");
  for (let kills = 0; kills < RANDOM_KILLS;) {
    if (await killAfter(random.uniform() * lastsMs * 0.4)) kills++;
  }
  for (const file of AIMED) while (!(await killAt(file))) continue; // a run that is done already: a new one begins
  const last = await toTheEnd();
  expect(last.digest).toBe(undisturbed.digest);
  const disturbed = await sql(`
    select run_id as run, status from runs where experiment = 'kill' and run_id <> '${undisturbed.run}'
      and code_digest = (select code_digest from runs where run_id = '${last.run}')`); // code edited meanwhile begins new runs
  for (const { run, status } of disturbed) {
    expect({ run, status, differing: await differingRows(String(run), undisturbed.run) }).toEqual({
      run,
      status: "done",
      differing: [],
    });
  }
});

const COLUMNS = {
  batches: "phase, epoch, batch, loss, correct, n, lr, tp, fp, fn, tn, chain",
  epochs: "phase, epoch, loss, accuracy, precision, recall, f1, auc, lr, state_digest",
  confusion_cells: "phase, epoch, true_class, predicted_class, n",
  predictions: "phase, epoch, sample_id, position, label, predicted, logits, probabilities",
};

/** Tables in which one of two runs has a row that the other has not; times do not count. */
async function differingRows(one: string, other: string): Promise<string[]> {
  const found: string[] = [];
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const rows = (run: string) => `select ${columns} from ${table} where run_id = '${run}'`;
    const query = `select (select count(*)::int from ((${rows(one)}) except all (${rows(other)})) a) + (select count(*)::int from ((${rows(other)}) except all (${rows(one)})) b) as n`;
    const [row] = await sql(query);
    if (row?.["n"] !== 0) found.push(`${table}: ${String(row?.["n"])}`);
  }
  return found;
}
