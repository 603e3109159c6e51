// A run that goes on on another engine: the chain tells it, `exp verify` knows it, and a run that returns to its engine is as if undisturbed.
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { compareCircumstances } from "../../core/run/circumstances.ts";
import { rebuildJob } from "../../core/run/rebuild.ts";
import { readRecorded } from "../../core/run/recorded.ts";
import { resumeRun } from "../../core/run/resume.ts";
import { verifyRun } from "../../core/run/verify.ts";
import type { Workshop } from "../../core/run/workshop.ts";
import { findRun, readWarnings } from "../../core/store/index.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, workshopOf, type Place } from "./trained.ts";

let place: Place;
let workshop: Workshop;
let undisturbed: string | null | undefined;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  workshop = { ...(await workshopOf(place)), checkpointEverySteps: null };
  process.env["GO_ON"] = "yes";
  undisturbed = (await place.train("whole.mjs", module("whole")))[0]?.digest;
}, 120_000);
afterAll(async () => {
  delete process.env["GO_ON"];
  await workshop.close();
  await place.remove();
});

/** Fails after epoch 2 unless it may go on: what it then goes on from is the checkpoint of epoch 2, batch 1. */
function module(name: string): string {
  const hook = `onEpochEnd({ epoch }) { if (epoch === 2 && process.env.GO_ON !== "yes") throw new Error("stop"); },`;
  return tinyModule({ name }).replace('"positiveClass"', () => `${hook}\n"positiveClass"`);
}

/** @returns the run's id */
async function begin(name: string): Promise<string> {
  process.env["GO_ON"] = "no";
  const training = place.train(`${name}.mjs`, module(name), { checkpointEverySteps: 4 });
  await expect(training).rejects.toThrow("stop");
  const [row] = await place.store.sql<{ id: string }[]>`select run_id as id from runs where experiment = ${name}`;
  return row?.id ?? "";
}

/** On an engine with the same arithmetic that calls itself another version; null: the run's own. */
async function resume(runId: string, version: string | null, goOn = true): Promise<string | null> {
  process.env["GO_ON"] = goOn ? "yes" : "no";
  const { engine } = workshop;
  const identity = { ...engine.identity, version: version ?? engine.identity.version };
  const other = { identity, compile: engine.compile.bind(engine), close: () => Promise.resolve() };
  const run = await findRun(place.store, runId);
  return (await resumeRun(run, { anyway: false }, { ...workshop, engine: other })).summary.digest;
}

async function verified(runId: string): Promise<string[]> {
  const lines = await verifyRun(place.store, await findRun(place.store, runId), place.home);
  return lines.filter(({ verdict, what }) => verdict === "differs" || what === "chain").map((l) => JSON.stringify(l));
}

it("is told by the chain, by verify, by reproduce and by a warning, and the run's digest is another", async () => {
  const runId = await begin("changed");
  const before = await findRun(place.store, runId);
  const digest = await resume(runId, "99");
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(digest).not.toBe(undisturbed);
  const told = `after train epoch 2, batch 1 from portable ${before.engineVersion} to portable 99`;
  expect(await verified(runId)).toEqual([
    JSON.stringify({ what: "chain", verdict: "same", detail: `the engine changed ${told}` }),
  ]);
  expect((await readWarnings(place.store, runId)).map(({ text }) => text)).toContain(
    `the engine changed: it was portable ${before.engineVersion}, it is portable 99 from here on`,
  );
  const recorded = await readRecorded(place.store, await findRun(place.store, runId));
  const job = await rebuildJob(recorded, { source: null, watch: workshop.observer });
  const circumstances = await compareCircumstances(recorded, job, workshop.engine.identity);
  expect(circumstances.find(({ what }) => what === "engine")?.detail).toContain(told);
  for (const edit of ["engineChanges,0,to", "engineChanges,0,from"]) {
    const { sql } = place.store;
    await sql`update runs set provenance = jsonb_set(provenance, ${`{${edit}}`}::text[], '"another"') where run_id = ${runId}`;
    expect((await verified(runId)).join()).toContain("train epoch 2, batch 2");
    await sql`update runs set provenance = ${sql.json(recorded.provenance as never)} where run_id = ${runId}`;
  }
  await place.store.sql`update runs set engine_version = '98' where run_id = ${runId}`;
  expect((await verified(runId)).join()).toContain("the run's row says portable 98");
}, 120_000);

it("is told once, where the second engine is stopped before it wrote a checkpoint and goes on", async () => {
  const runId = await begin("stopped");
  expect(await resume(runId, "99", false)).toBeNull();
  const digest = await resume(runId, "99");
  const { provenance } = await readRecorded(place.store, await findRun(place.store, runId));
  expect(provenance.engineChanges).toHaveLength(1);
  expect(digest).not.toBe(undisturbed);
  expect((await verified(runId)).join()).toContain('"same"');
}, 120_000);

it("is forgotten where the first engine goes on from its own checkpoint: the undisturbed run's chain", async () => {
  const runId = await begin("returned");
  expect(await resume(runId, "99", false)).toBeNull();
  expect(await resume(runId, null)).toBe(undisturbed);
  expect(await verified(runId)).toEqual([JSON.stringify({ what: "chain", verdict: "same", detail: null })]);
}, 120_000);
