// MLflow's and TensorBoard's own Python packages against our doors: what they read of other people's folders is what the golden file says,
// and every step and value of what we export is what they read. LOCKSTEP_LONG=1 makes a virtual environment with both, unless
// LOCKSTEP_TRACKERS_PYTHON names a Python that has them; where neither can be had the tests are skipped and say why.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, it, type TestContext } from "vitest";
import { peerPython } from "../../bench/peer-python.ts";
import { exportResults } from "../../core/doors/index.ts";
import { readStored } from "../../core/doors/read-stored.ts";
import { createRun, findRun, openRecorder, openStore, type RunRow, type Store } from "../../core/store/index.ts";
import { describeRun, openTracked } from "../../core/store/track.ts";
import { wholeCurves, type WholeCurve } from "../doors/whole-curve.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { batchEvent, newRun, sampleEvents } from "../store/sample-run.ts";

const TRACKERS = {
  name: "test-trackers",
  given: "LOCKSTEP_TRACKERS_PYTHON",
  pinned: ["tensorboard==2.21.0", "mlflow==3.17.0"],
};
const WANTED = process.env["LOCKSTEP_LONG"] === "1" || process.env[TRACKERS.given] !== undefined;
const DATA = fileURLToPath(new URL("../../../shared/data/importers", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../golden/importers.py", import.meta.url));
const STEPS = 3000;

const home = temporaryHome();
let python: string | Error;
let store: Store;
beforeAll(async () => {
  if (!WANTED) return;
  python = await peerPython(TRACKERS).catch((error: Error) => error);
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
}, 900_000);
afterAll(async () => {
  await store?.close();
  rmSync(home, { recursive: true });
});

/** What the packages read; values that JSON cannot say come as text. */
function read<Found>(tool: "mlflow" | "tensorboard", folder: string, context: TestContext): Found {
  if (typeof python !== "string") return context.skip(`no Python with both packages: ${python.message}`);
  const output = execFileSync(python, [SCRIPT, tool, folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return JSON.parse(output.trim().replaceAll(/-?\b(NaN|Infinity)\b/g, '"$&"')) as Found;
}

type Curves = Record<string, WholeCurve>;
type MlflowRuns = Record<string, { readonly curves: Curves }>;

it.skipIf(!WANTED)("the golden file of the importers is what both packages read today", (context) => {
  if (!existsSync(DATA)) context.skip(`${DATA} is not there`);
  const golden = JSON.parse(readFileSync(SCRIPT.replace(/py$/, "json"), "utf8")) as Record<string, object>;
  for (const tool of ["mlflow", "tensorboard"] as const)
    for (const [name, expected] of Object.entries(golden[tool]!))
      expect(read(tool, join(DATA, tool, name), context)).toEqual(expected);
}, 300_000); // prettier-ignore

async function trainedRun(): Promise<RunRow> {
  const runId = await createRun(store, newRun({ config: { settings: { lr: 0.1 } } }));
  const recorder = await openRecorder({ store, runId, home });
  for (let batch = 4; batch <= STEPS; batch++) recorder.record(batchEvent(1, batch));
  for (const event of sampleEvents()) recorder.record(event);
  await recorder.close();
  return findRun(store, runId);
}

async function trackedRun(): Promise<RunRow> {
  const create = describeRun({ experiment: "tracked", variant: "a", config: { lr: 0.1 } });
  const run = await openTracked({ store, home, onNotice: () => undefined, runId: create.runId, create, system: false });
  for (let step = 0; step < STEPS; step++)
    run.log({ "train/loss": 1 / (step + 3), gap: -step * 1e9 }, { step: 7 * step });
  run.log({ bad: NaN }, { step: 1 });
  run.log({ bad: Infinity }, { step: 2 });
  run.log({ bad: -0 }, { step: 3 });
  await run.finish();
  return findRun(store, create.runId);
}

for (const [kind, make] of Object.entries({ trained: trainedRun, tracked: trackedRun }))
  it.skipIf(!WANTED)(`every step and value of a ${kind} run that is exported is what MLflow and TensorBoard read`, async (context) => {
    const run = await make();
    const { series } = await readStored(store, run, home);
    const exported = async (to: "mlflow" | "tensorboard"): Promise<string> => {
      const folder = join(home, run.runId, to);
      await exportResults({ store, home, runs: [run], to, folder });
      return folder;
    };
    const mlflow = read<MlflowRuns>("mlflow", await exported("mlflow"), context)[run.runId.replaceAll("-", "")];
    expect(steps(mlflow!.curves)).toEqual(steps(wholeCurves(series)));
    const boards = read<Record<string, Curves>>("tensorboard", await exported("tensorboard"), context);
    const rounded = series.map(({ name, points }) => ({
      name,
      points: points.map((point) => ({ ...point, value: Math.fround(point.value) })), // as TensorBoard keeps them
    }));
    expect(Object.values(boards).map(steps)).toEqual([steps(wholeCurves(rounded))]);
    expect(Math.max(...series.map(({ points }) => points.length))).toBeGreaterThanOrEqual(STEPS);
  }, 300_000); // prettier-ignore

/** Without the last values: NaN is no JSON, and the digest says it. */
function steps(curves: Curves): Record<string, unknown> {
  return Object.fromEntries(Object.entries(curves).map(([name, [points, last, , digest]]) => [name, [points, last, digest]])); // prettier-ignore
}
