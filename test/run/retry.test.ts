// An unfinished sweep run again: what is done is kept, what failed is asked about and trained again only on a yes.
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { failureOf } from "../../core/run/retry.ts";
import { listRuns } from "../../core/store/index.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, type Place } from "./trained.ts";

/** "wild" diverges in its first steps. */
const SWEEP = tinyModule({ variants: { calm: {}, wild: { lr: 1000, optimizer: "sgd", epochs: 4 } } });

let place: Place;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  await expect(place.train("tiny.mjs", SWEEP)).rejects.toThrow(/wild.*diverged/);
}, 120_000);
afterAll(() => place.remove());

async function runs(): Promise<string[]> {
  const all = await listRuns(place.store, {}, { limit: 100 });
  return all.map(({ variant, status, runId }) => `${variant} ${status} ${runId}`).sort();
}

it("a failed run stays failed without a yes, and the finished one is kept", async () => {
  const before = await runs();
  const asked: string[][] = [];
  const no = async (failed: readonly string[]) => asked.push([...failed]) < 0;
  await expect(place.train("tiny.mjs", SWEEP, { retryFailed: no })).rejects.toThrow("wild/0 failed before:");
  expect(asked).toEqual([[expect.stringMatching(/^run tiny\/wild\/0 failed before: .*diverged/)]]);
  expect(await runs()).toEqual(before);
});

it("on a yes it is trained again under its own id", async () => {
  const before = await runs();
  await expect(place.train("tiny.mjs", SWEEP, { retryFailed: async () => true })).rejects.toThrow(
    /wild\/0: (train|evaluation).* diverged/,
  );
  expect(await runs()).toEqual(before);
});

it("--retry failed trains it again without asking", async () => {
  await expect(place.train("tiny.mjs", SWEEP, { retryFailed: true })).rejects.toThrow(
    /wild\/0: (train|evaluation).* diverged/,
  );
});

it("a failure without a message says so", () => {
  const row = { experiment: "a", variant: "b", seed: 1 };
  expect(failureOf({ row, earlier: { errorMessage: null } })).toBe("run a/b/1 failed before: without a message");
});
