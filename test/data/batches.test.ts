import { afterAll, describe, expect, it } from "vitest";
import { batches, epochOrder } from "../../core/data/batches.ts";
import { evaluationCrops } from "../../core/data/crops.ts";
import type { Resampler } from "../../core/data/sample.ts";
import { createPortableResampler } from "../../core/engine/portable/resample.ts";
import { manifestOf, noisePixels, preparedFrom } from "./fixtures.ts";

const resampler = await createPortableResampler({ threads: 2 });
afterAll(() => resampler.close());

const manifest = manifestOf(Array.from({ length: 7 }, (_, i) => ({ label: i % 2 })));

const pictures = manifest.samples.map((_, i) => ({ widthPx: 32, heightPx: 32, pixels: noisePixels(i, 32, 32) }));
const prepared = await preparedFrom(pictures);
const input = { prepared, manifest, crops: evaluationCrops({ prepared }), sizePx: 32, resampler };

async function collect(order: readonly number[], batchSize: number, using: Resampler = resampler) {
  const all = [];
  for await (const batch of batches({ ...input, resampler: using, order, batchSize })) all.push(batch);
  return all;
}

describe("an epoch's order", () => {
  it("holds each index once and is the same for the same seed and epoch", () => {
    const order = epochOrder([3, 1, 4, 5, 9], 0, 1);
    expect([...order].sort((a, b) => a - b)).toEqual([1, 3, 4, 5, 9]);
    expect(epochOrder([3, 1, 4, 5, 9], 0, 1)).toEqual(order);
  });

  it("is another one for another seed or epoch", () => {
    const indices = Array.from({ length: 50 }, (_, i) => i);
    const order = epochOrder(indices, 0, 1);
    expect(epochOrder(indices, 1, 1)).not.toEqual(order);
    expect(epochOrder(indices, 0, 2)).not.toEqual(order);
  });
});

describe("batches", () => {
  it("come in order, with their labels and images, the last one smaller", async () => {
    const all = await collect([6, 0, 3, 2, 5], 2);
    expect(all.map(({ sampleIndices }) => sampleIndices)).toEqual([[6, 0], [3, 2], [5]]);
    expect(all.map(({ labels }) => labels)).toEqual([[0, 0], [1, 0], [1]]);
    const second = all[1]!.images.subarray(32 * 32 * 3, 2 * 32 * 32 * 3); // sample 2, of its own size: unchanged
    expect(Buffer.from(second).equals(pictures[2]!.pixels)).toBe(true);
  });

  it("are made two ahead and no further", async () => {
    let started = 0;
    const counting: Resampler = {
      ...resampler,
      resample: (...asked) => {
        started++;
        return resampler.resample(...asked);
      },
    };
    const all = batches({ ...input, resampler: counting, order: [0, 1, 2, 3, 4, 5, 6], batchSize: 1 });
    await all.next();
    await new Promise((resume) => setTimeout(resume, 20));
    expect(started).toBe(3);
    await all.return();
    expect(started).toBe(3);
  });

  it("pass an error of the resampler on", async () => {
    const broken: Resampler = { ...resampler, resample: () => Promise.reject(new Error("no memory")) };
    await expect(collect([0, 1, 2], 1, broken)).rejects.toThrow("no memory");
  });
});
