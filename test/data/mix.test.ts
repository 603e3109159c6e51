import { afterAll, describe, expect, it } from "vitest";
import { batches, type Batch } from "../../core/data/batches.ts";
import { cutmix, horizontalFlip, mixup } from "../../core/data/augment.ts";
import { evaluationCrops } from "../../core/data/crops.ts";
import { drawBeta, drawMixes, mixRows, type Mix } from "../../core/data/mix.ts";
import { mixImages } from "../../core/data/pixel-threads.ts";
import { createPortableResampler } from "../../core/engine/portable/resample.ts";
import { stream } from "../../core/random.ts";
import { manifestOf, noisePixels, preparedFrom } from "./fixtures.ts";

const resampler = await createPortableResampler({ threads: 1 });
afterAll(() => resampler.close());

/** Grey images of 2 x 2, one value each. */
const grey = (...values: number[]) => Uint8Array.from(values.flatMap((value) => Array<number>(12).fill(value)));
const where = { seed: 0, epoch: 1, batch: 1, sizePx: 96 };

describe("images and labels are mixed with those before them, as worked out by hand", () => {
  it("mixup blends pixels and label rows by the same share", async () => {
    const mix: Mix = { kind: "mixup", share: 0.75 };
    // 0.75 * 100 + 0.25 * 40 = 85; 0.75 * 20 + 0.25 * 100 = 40; 0.75 * 40 + 0.25 * 20 = 35
    expect(await mixImages(grey(100, 20, 40), { sizePx: 2, threads: 2 }, mix)).toEqual(grey(85, 40, 35));
    expect(mixRows(Float32Array.of(1, 0, 0, 1, 1, 0), 2, [mix])).toEqual(Float32Array.of(1, 0, 0.25, 0.75, 0.75, 0.25));
  });

  it("cutmix pastes the box and weighs labels by what is left of the area", async () => {
    const mix: Mix = { kind: "cutmix", share: 0.75, left: 1, top: 0, width: 1, height: 1 };
    const one = [10, 10, 10, 50, 50, 50, 10, 10, 10, 10, 10, 10];
    const other = [50, 50, 50, 10, 10, 10, 50, 50, 50, 50, 50, 50];
    expect(await mixImages(grey(10, 50), { sizePx: 2, threads: 1 }, mix)).toEqual(Uint8Array.from([...one, ...other]));
    expect(mixRows(Float32Array.of(1, 0, 0, 1), 2, [mix])).toEqual(Float32Array.of(0.75, 0.25, 0.25, 0.75));
  });
});

it("1, 2 and 3 threads mix to the same bits", async () => {
  const images = noisePixels("mixed", 24, 24 * 7);
  for (const step of [mixup({ alpha: 0.4 }), cutmix()]) {
    const [mix] = drawMixes({ augment: [step], ...where, sizePx: 24 });
    const all = [1, 2, 3].map((threads) => mixImages(images.slice(), { sizePx: 24, threads }, mix!));
    const [one, ...others] = (await Promise.all(all)).map((mixed) => Buffer.from(mixed));
    for (const other of others) expect(other.equals(one!)).toBe(true);
    expect(one!.equals(images)).toBe(false);
  }
});

describe("a batch's draw", () => {
  it("is the same for the same seed, epoch and batch, and another for another", () => {
    const augment = [horizontalFlip(), mixup(), cutmix({ probability: 0.5 })];
    expect(drawMixes({ augment, ...where })).toEqual(drawMixes({ augment, ...where }));
    for (const other of [{ seed: 1 }, { epoch: 2 }, { batch: 2 }])
      expect(drawMixes({ augment, ...where, ...other })).not.toEqual(drawMixes({ augment, ...where }));
  });

  it("is no draw at all where nothing mixes, or with probability 0", () => {
    expect(drawMixes({ augment: [horizontalFlip(), cutmix({ probability: 0 })], ...where })).toEqual([]);
  });

  it("cuts boxes inside the image whose area is the partner's share", () => {
    for (let batch = 1; batch <= 300; batch++) {
      const [mix] = drawMixes({ augment: [cutmix()], ...where, batch });
      if (mix?.kind !== "cutmix") throw new Error("no box");
      const { left, top, width, height, share } = mix;
      expect(Math.min(left, top, width, height)).toBeGreaterThanOrEqual(0);
      expect(Math.max(left + width, top + height)).toBeLessThanOrEqual(96);
      expect(share).toBeCloseTo(1 - (width * height) / 9216, 12);
    }
  });

  it("before a change of single images is a clear error", () => {
    expect(() => drawMixes({ augment: [mixup(), horizontalFlip()], ...where })).toThrow(/mixup stands before a change/);
    expect(() => mixup({ alpha: 0 })).toThrow(/mixup: alpha is 0, expected above 0/);
  });
});

it("Beta(alpha, alpha) has its mean 1/2 and variance 1 / (4 (2 alpha + 1)), for small and large alpha", () => {
  for (const alpha of [0.05, 0.2, 1, 4]) {
    const draw = stream(0, "beta", alpha);
    const drawn = Array.from({ length: 8000 }, () => drawBeta(alpha, draw));
    const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
    const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(variance * 4 * (2 * alpha + 1) - 1)).toBeLessThan(0.06);
  }
});

it("Beta(1, 1) is uniform: each tenth holds a tenth", () => {
  const draw = stream(1, "beta");
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[Math.floor(drawBeta(1, draw) * 10)]!++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120); // four standard deviations
});

it("batches mix within themselves, the last and smaller one too", async () => {
  const manifest = manifestOf(Array.from({ length: 5 }, (_, i) => ({ label: i % 2 })));
  const bytes = 32 * 32 * 3;
  const pictures = manifest.samples.map((_, i) => ({ widthPx: 32, heightPx: 32, pixels: noisePixels(i, 32, 32) }));
  const prepared = await preparedFrom(pictures);
  const input = { prepared, manifest, order: [0, 1, 2, 3, 4], batchSize: 3, sizePx: 32, resampler };
  const mixesOf = () => [{ kind: "mixup", share: 0.5 }] as const;
  const all: Batch[] = [];
  for await (const batch of batches({ ...input, crops: evaluationCrops({ prepared }), mixesOf })) all.push(batch);
  const mixed = (a: number, b: number) => Math.floor(pictures[a]!.pixels[0]! / 2 + pictures[b]!.pixels[0]! / 2 + 0.5);
  expect([0, 1, 2].map((i) => all[0]!.images[i * bytes])).toEqual([mixed(0, 2), mixed(1, 0), mixed(2, 1)]);
  expect([0, 1].map((i) => all[1]!.images[i * bytes])).toEqual([mixed(3, 4), mixed(4, 3)]);
});
