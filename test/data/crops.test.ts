// Crops against the distribution of torchvision's RandomResizedCrop, and what a draw may depend on.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { horizontalFlip, randomResizedCrop } from "../../core/data/augment.ts";
import { centerCrop } from "../../core/data/evaluation-view.ts";
import { drawBox, evaluationCrops, trainingCrops } from "../../core/data/crops.ts";
import { stream } from "../../core/random.ts";
import { manifestOf, preparedOf } from "./fixtures.ts";

type Name = "left" | "top" | "width" | "height";
interface Golden {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly levels: readonly number[];
  readonly cases: readonly {
    readonly scale: [number, number];
    readonly ratio: [number, number];
    readonly quantiles: Record<Name, number[]>;
    readonly means: Record<Name, number>;
  }[];
}
const golden = JSON.parse(
  readFileSync(new URL("../golden/random-resized-crop.json", import.meta.url), "utf8"),
) as Golden;
const NAMES: readonly Name[] = ["left", "top", "width", "height"];

const prepared = preparedOf(Array.from({ length: 8 }, () => [120, 90] as const));
const manifest = manifestOf(Array.from({ length: 8 }, (_, i) => ({ label: i % 2 })));
const augment = [randomResizedCrop(), horizontalFlip()];
const input = { prepared, manifest, augment, seed: 0, epoch: 1 };

describe("a random resized crop", () => {
  it.each(golden.cases)(
    "has torchvision's distribution for scale $scale and ratio $ratio",
    ({ scale, ratio, quantiles, means }) => {
      const draw = stream(0, "test-crops");
      const whole = { left: 0, top: 0, width: golden.widthPx, height: golden.heightPx };
      const boxes = Array.from({ length: 40_000 }, () => drawBox({ scale, ratio }, whole, draw));
      for (const name of NAMES) {
        const values = boxes.map((box) => box[name]).sort((a, b) => a - b);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        expect(Math.abs(mean - means[name]), `mean ${name}`).toBeLessThan(0.6); // 4 standard errors of both means
        golden.levels.forEach((level, i) => {
          const quantile = values[Math.round(level * (values.length - 1))]!;
          expect(Math.abs(quantile - quantiles[name][i]!), `${name} at ${level}`).toBeLessThanOrEqual(1.5);
        });
      }
    },
  );

  it("stays inside its image", () => {
    for (const job of trainingCrops(input)([0, 1, 2, 3, 4, 5, 6, 7])) {
      expect(job.left >= 0 && job.top >= 0 && job.left + job.width <= 120 && job.top + job.height <= 90).toBe(true);
    }
  });
});

describe("the draw of a sample", () => {
  it("is the same for the same seed, epoch and sample, in whatever batch it stands", () => {
    const [alone] = trainingCrops(input)([3]);
    expect(trainingCrops(input)([5, 1, 3])[2]).toEqual(alone);
  });

  it("is another one for another seed, epoch or sample", () => {
    const [first] = trainingCrops(input)([3]);
    for (const other of [
      { ...input, seed: 1 },
      { ...input, epoch: 2 },
    ])
      expect(trainingCrops(other)([3])).not.toEqual([first]);
    expect({ ...trainingCrops(input)([4])[0], sampleIndex: 3 }).not.toEqual(first);
  });

  it("follows the sample's id, not its index", () => {
    const moved = { ...manifest, samples: [...manifest.samples].reverse() };
    const [first] = trainingCrops(input)([2]);
    expect({ ...trainingCrops({ ...input, manifest: moved })([5])[0], sampleIndex: 2 }).toEqual(first);
  });
});

it("flips about half of the images, or all, or none", () => {
  const flips = (probability: number): number => {
    let count = 0;
    for (let epoch = 1; epoch <= 250; epoch++) {
      const crops = trainingCrops({ ...input, augment: [horizontalFlip(probability)], epoch });
      count += crops([0, 1, 2, 3, 4, 5, 6, 7]).filter(({ flip }) => flip).length;
    }
    return count / 2000;
  };
  expect([flips(0), flips(1)]).toEqual([0, 1]);
  expect(Math.abs(flips(0.5) - 0.5)).toBeLessThan(0.045); // 4 standard errors
});

it("evaluates on the whole image, or on a square in its middle", () => {
  const whole = { sampleIndex: 0, left: 0, top: 0, width: 120, height: 90, flip: false };
  expect(evaluationCrops({ prepared })([0])).toEqual([whole]);
  const [square] = evaluationCrops({ prepared, view: centerCrop({ fraction: 0.8 }) })([0]);
  expect(square).toEqual({ ...whole, left: 24, top: 9, width: 72, height: 72 });
});

it("refuses ranges that make no sense", () => {
  expect(() => randomResizedCrop({ scale: [0.5, 0.2] })).toThrow(/scale is \[0\.5,0\.2\]/);
  expect(() => randomResizedCrop({ ratio: [0, 1] })).toThrow(/ratio/);
  expect(() => horizontalFlip(2)).toThrow(/probability is 2, expected 0 to 1/);
});
