// The promise itself: equal run digests whatever the number of threads and the kind of kernels; another seed, another digest.
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { hasNative } from "../../core/engine/portable/load.ts";
import type { SweepOptions } from "../../core/run/sweep.ts";
import { findRun } from "../../core/store/index.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, type Place } from "./trained.ts";

let place: Place;
let expected: string;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  expected = (await trained({ threads: 1, kernels: "wasm" })).digest;
}, 120_000);
afterAll(() => place.remove());

async function trained(options: Partial<SweepOptions>): Promise<{ digest: string; kernels: string | null }> {
  const [run] = await place.train("tiny.mjs", tinyModule(), { fresh: true, ...options });
  const { digest, kernels } = await findRun(place.store, run?.run ?? "");
  return { digest: digest ?? "none", kernels };
}

it.each([2, 3])("wasm kernels on %i threads give the digest of one thread", async (threads) => {
  expect(await trained({ threads, kernels: "wasm" })).toEqual({ digest: expected, kernels: "wasm" });
});

it.skipIf(!hasNative()).each([1, 2, 3])("native kernels on %i threads give the digest of wasm", async (threads) => {
  const { digest, kernels } = await trained({ threads, kernels: "native" });
  expect(digest).toBe(expected);
  expect(kernels).toMatch(/^native-/);
});

it.skipIf(!hasNative() || process.arch !== "x64")("SSE2 forced gives the digest of the widest vectors", async () => {
  expect(await trained({ threads: 2, kernels: "native-sse2" })).toEqual({ digest: expected, kernels: "native-sse2" });
});

it("another seed gives another digest", async () => {
  expect((await trained({ overrides: { seeds: [7] } })).digest).not.toBe(expected);
});
