// The promise itself: equal run digests whatever the number of threads and the kind of kernels; another seed, another digest.
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { SweepOptions } from "../../core/run/sweep.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, type Place } from "./trained.ts";

let place: Place;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
});
afterAll(() => place.remove());

async function digest(options: Partial<SweepOptions>): Promise<string | null | undefined> {
  const [run] = await place.train("tiny.mjs", tinyModule(), { fresh: true, ...options });
  return run?.digest;
}

it("1, 2 and 3 threads, wasm and native kernels give one digest", async () => {
  const digests = [
    await digest({ threads: 1, kernels: "wasm" }),
    await digest({ threads: 3, kernels: "wasm" }),
    await digest({ threads: 2, kernels: "auto" }),
  ];
  expect(new Set(digests).size).toBe(1);
  expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
});

it("another seed gives another digest", async () => {
  expect(await digest({ overrides: { seeds: [7] } })).not.toBe(await digest({}));
});
