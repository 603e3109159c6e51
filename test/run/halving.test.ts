// A sweep with successive halving: who goes on follows from stored results, whatever happens meanwhile, and changes no bit of a run.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { listenForInterrupt } from "../../core/run/interrupt.ts";
import { runSweep } from "../../core/run/sweep.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, silent, type Place } from "./trained.ts";

const PLAIN = { base: { size: "small", widthMult: 0.25, imageSizePx: 32, epochs: 3, batchSize: 16 }, seeds: [0, 1] };
const SWEEP = { ...PLAIN, grid: { lr: [1e-3, 3e-4, 1e-5] }, halving: { factor: 2 } };

let place: Place;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  await place.train("halving.mjs", tinyModule({ name: "halving", ...SWEEP }));
}, 120_000);
afterAll(() => place.remove());

interface Row {
  readonly variant: string;
  readonly seed: number;
  readonly epoch: number;
  readonly score: number;
  readonly rank: number;
  readonly variants: number;
  readonly kept: boolean;
}

async function decisions(experiment: string): Promise<Row[]> {
  return place.store.sql<Row[]>`select variant, seed, epoch, value, score, rank, variants, kept from v_halving
    where experiment = ${experiment} order by epoch, rank, seed`;
}

async function runsOf(
  experiment: string,
): Promise<{ variant: string; seed: number; status: string; digest: string | null }[]> {
  return place.store
    .sql`select variant, seed, status, digest from v_runs where experiment = ${experiment} order by variant, seed`;
}

it("leaves variants out rung by rung, by the mean of their runs' best validation losses", async () => {
  const rows = await decisions("halving");
  expect(rows.map(({ epoch, rank, variants, kept }) => `${epoch} ${rank}/${variants} ${kept}`)).toEqual(
    ["1 1/3 true", "1 2/3 true", "1 3/3 false", "2 1/2 true", "2 2/2 false"].flatMap((text) => [text, text]),
  );
  for (const { variant, epoch, score } of rows) {
    const [best] = await place.store.sql`
      select avg(best) as mean from (select min(loss) as best from v_epochs
        where experiment = 'halving' and variant = ${variant} and phase = 'val' and epoch <= ${epoch} group by run_id) as runs`;
    expect(score).toBeCloseTo(best?.["mean"] as number, 12);
  }
  const statuses = (await runsOf("halving")).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(["done", "done", "pruned", "pruned", "pruned", "pruned"]);
});

it("the runs that go to their end have the digests of a plain sweep", async () => {
  const variant = (await runsOf("halving")).find(({ status }) => status === "done")?.variant ?? "";
  const { halving: _halving, ...plain } = SWEEP;
  await place.train("plain.mjs", tinyModule({ name: "plain", ...plain }), {
    overrides: { variants: [variant] },
  });
  const digests = async (experiment: string) =>
    (await runsOf(experiment)).flatMap((run) => (run.status === "done" ? [run.digest] : []));
  expect(await digests("halving")).toEqual(await digests("plain"));
});

it("interrupted in the middle, it comes to the same decisions and digests", async () => {
  const text = tinyModule({ name: "again", ...SWEEP });
  await expect(interruptedSweep(text, 8)).rejects.toThrow("in the middle");
  expect((await runsOf("again")).some(({ status }) => status === "paused")).toBe(true);
  await place.train("again.mjs", text);
  expect(await decisions("again")).toEqual(await decisions("halving"));
  expect(await runsOf("again")).toEqual(await runsOf("halving"));
});

it("without halving its pruned runs go on", async () => {
  const { halving: _halving, ...whole } = SWEEP;
  await place.train("again-whole.mjs", tinyModule({ name: "again", ...whole })); // a file of its own: Node loads a module once
  expect((await runsOf("again")).map(({ status }) => status)).toEqual(Array(6).fill("done"));
});

/** Ends with the start of run number `starts`, passes over one variant counted anew. */
async function interruptedSweep(text: string, starts: number): Promise<void> {
  const file = join(place.folder, "again.mjs");
  writeFileSync(file, text);
  const interrupt = listenForInterrupt();
  let started = 0;
  const runStarted = (): void => {
    if (++started === starts) interrupt.request("in the middle");
  };
  const options = {
    engine: "portable",
    kernels: "auto",
    threads: 1,
    overrides: {},
    checkpointEverySteps: null,
  } as const;
  try {
    await runSweep(
      { ...options, file, fresh: false, retryFailed: false, queuePriority: null },
      { observer: { ...silent, runStarted }, interrupt, serve: async () => null },
    );
  } finally {
    interrupt.dispose();
  }
}
