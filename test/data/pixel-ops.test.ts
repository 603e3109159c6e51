// Pixel changes in threads, and the draws behind them.
import { describe, expect, it } from "vitest";
import * as augment from "../../core/data/augment.ts";
import { trainingCrops } from "../../core/data/crops.ts";
import { cutImages } from "../../core/data/cut-images.ts";
import { applyPixelOps } from "../../core/data/pixel-kernels.mjs";
import type { PixelOp } from "../../core/data/pixel-op.ts";
import { drawPixelOps } from "../../core/data/pixel-ops.ts";
import { changePixels } from "../../core/data/pixel-threads.ts";
import type { Resampler } from "../../core/data/sample.ts";
import { stream } from "../../core/random.ts";
import { manifestOf, noisePixels, preparedOf } from "./fixtures.ts";

/** One of each kind. */
const OPS: readonly PixelOp[] = [
  { kind: "flipHorizontal" },
  { kind: "flipVertical" },
  { kind: "quarterTurns", turns: 3 },
  { kind: "rotate", cos: 0.8, sin: -0.6 },
  { kind: "contrast", factor: 1.7 },
  { kind: "saturation", factor: 0.4 },
  { kind: "hue", shift: 0.2 },
  { kind: "blur", weights: [0.25, 0.5, 0.25] },
  { kind: "erase", left: 0.2, top: 0.3, width: 0.5, height: 0.1 },
];

describe("a pixel change", () => {
  it("in 1, 2 or 3 threads gives the same bits as one after another", async () => {
    const size = 16;
    const ops = OPS.map((op) => [op, { kind: "brightness", factor: 0.9 } as const]);
    const images = noisePixels("threads", size, size * ops.length);
    const expected = images.slice();
    ops.forEach((own, i) =>
      applyPixelOps(expected.subarray(i * size * size * 3, (i + 1) * size * size * 3), size, own),
    );
    for (const threads of [1, 2, 3]) {
      const change = () => changePixels(images.slice(), { sizePx: size, threads }, ops);
      for (const changed of await Promise.all([change(), change()]))
        expect(Buffer.from(changed).equals(expected)).toBe(true);
    }
  });

  it("of an image does not touch the others", async () => {
    const images = noisePixels("others", 16, 48);
    const changed = await changePixels(images.slice(), { sizePx: 16, threads: 2 }, [
      [],
      [{ kind: "flipVertical" }],
      [],
    ]);
    const bytes = 16 * 16 * 3;
    expect(Buffer.from(changed.subarray(0, bytes)).equals(images.subarray(0, bytes))).toBe(true);
    expect(Buffer.from(changed.subarray(bytes, 2 * bytes)).equals(images.subarray(bytes, 2 * bytes))).toBe(false);
    expect(Buffer.from(changed.subarray(2 * bytes)).equals(images.subarray(2 * bytes))).toBe(true);
  });
});

/** 4,000 draws of one augmentation. */
function draws(step: Parameters<typeof drawPixelOps>[0]): PixelOp[][] {
  const draw = stream(0, "test-pixel-ops");
  return Array.from({ length: 4000 }, () => drawPixelOps(step, draw));
}

/** Largest distance between the sorted values and a uniform distribution (Kolmogorov and Smirnov). */
function distanceFromUniform(values: readonly number[], low: number, high: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.reduce(
    (most, value, i) => Math.max(most, Math.abs((value - low) / (high - low) - (i + 0.5) / sorted.length)),
    0,
  );
}
const KS_LIMIT = 1.95 / Math.sqrt(4000); // 1 in 1,000

describe("a draw", () => {
  it("of the jitter is uniform in each factor, in every order", () => {
    const all = draws(augment.colorJitter({ brightness: 0.4, contrast: [0.2, 0.9], saturation: 1, hue: 0.1 }));
    const values = (kind: PixelOp["kind"]) =>
      all
        .map((ops) => ops.find((op) => op.kind === kind))
        .map((op) => ("factor" in op! ? op.factor : "shift" in op! ? op.shift : NaN));
    expect(distanceFromUniform(values("brightness"), 0.6, 1.4)).toBeLessThan(KS_LIMIT);
    expect(distanceFromUniform(values("contrast"), 0.2, 0.9)).toBeLessThan(KS_LIMIT);
    expect(distanceFromUniform(values("saturation"), 0, 2)).toBeLessThan(KS_LIMIT);
    expect(distanceFromUniform(values("hue"), -0.1, 0.1)).toBeLessThan(KS_LIMIT);
    expect(new Set(all.map((ops) => ops.map(({ kind }) => kind).join())).size).toBe(24);
  });

  it("leaves out what is not asked for", () => {
    expect(draws(augment.colorJitter({ brightness: 0.4 })).every((ops) => ops.length === 1)).toBe(true);
  });

  it("of a quarter turn gives each of the four as often", () => {
    const counts = [0, 0, 0, 0];
    for (const [op] of draws(augment.quarterTurns())) counts[op?.kind === "quarterTurns" ? op.turns : 0]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(110); // 4 standard deviations
  });

  it("of an angle is uniform within its range", () => {
    const angles = draws(augment.rotation(30)).map(([op]) =>
      op?.kind === "rotate" ? Math.atan2(op.sin, op.cos) : NaN,
    );
    expect(distanceFromUniform(angles, -Math.PI / 6, Math.PI / 6)).toBeLessThan(KS_LIMIT);
  });

  it("of an erasure has its share, inside the image", () => {
    const boxes = draws(augment.randomErasing({ probability: 0.5, scale: [0.1, 0.2], ratio: [0.5, 2] })).flat();
    expect(Math.abs(boxes.length / 4000 - 0.5)).toBeLessThan(0.035);
    for (const box of boxes) {
      if (box.kind !== "erase") throw new Error(box.kind);
      expect(box.left + box.width <= 1 && box.top + box.height <= 1).toBe(true);
      expect(box.width * box.height).toBeGreaterThan(0.0999);
      expect(box.width * box.height).toBeLessThan(0.2001);
    }
  });
});

describe("the augmentations of an experiment", () => {
  const prepared = preparedOf([
    [32, 32],
    [32, 32],
  ]);
  const manifest = manifestOf([{ label: 0 }, { label: 1 }]);
  const crops = (steps: readonly augment.Augmentation[], seed = 0) =>
    trainingCrops({ prepared, manifest, augment: steps, seed, epoch: 1 })([0, 1]);
  const steps = [augment.randomResizedCrop(), augment.rotation(10), augment.horizontalFlip(1), augment.gaussianBlur()];

  it("give the same jobs for the same seed, other ones for another", () => {
    expect(crops(steps)).toEqual(crops(steps));
    expect(crops(steps, 1)).not.toEqual(crops(steps));
  });

  it("keep their order: a flip after a rotation is done after it", () => {
    expect(crops(steps)[0]!.ops!.map(({ kind }) => kind)).toEqual(["rotate", "flipHorizontal", "blur"]);
    expect(crops([augment.horizontalFlip(1), augment.rotation(10)])[0]).toMatchObject({ flip: true });
  });

  it("refuse a crop after a change of pixels", () => {
    expect(() => crops([augment.verticalFlip(1), augment.randomResizedCrop()])).toThrow(/expected before it/);
  });

  it("reach the images of a batch", async () => {
    const image = noisePixels("batch", 8, 8);
    const resample = () => Promise.resolve(image.slice());
    const resampler: Resampler = { threads: 1, resample, close: () => Promise.resolve() };
    const job = { sampleIndex: 0, left: 0, top: 0, width: 32, height: 32, flip: false };
    const jobs = [{ ...job, ops: [{ kind: "flipVertical" } as const] }];
    const changed = await cutImages({ prepared, resampler, jobs, sizePx: 8 });
    const expected = image.slice();
    applyPixelOps(expected, 8, [{ kind: "flipVertical" }]);
    expect(Buffer.from(changed).equals(expected)).toBe(true);
  });

  it("say what is wrong with their ranges", () => {
    expect(() => augment.rotation([20, 10])).toThrow(
      /rotation: degrees is \[20,10\], expected -360 <= low <= high <= 360/,
    );
    expect(() => augment.colorJitter({ hue: 0.6 })).toThrow(/hue is \[-0\.6,0\.6\]/);
    expect(() => augment.gaussianBlur({ kernelPx: 4 })).toThrow(/kernelPx is 4, expected an odd whole number/);
    expect(() => augment.randomErasing({ probability: 2 })).toThrow(/probability is 2/);
  });
});
