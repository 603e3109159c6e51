// The simulated set: the same bits everywhere, balanced, with signs that a linear model of the pixels cannot use.
import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { listSource } from "../../core/data/list.ts";
import { drawPhantom } from "../../core/data/phantom/draw.ts";
import { phantomLabels } from "../../core/data/phantom/labels.ts";
import { specklePower } from "../../core/data/phantom/speckle.ts";
import { phantom, type PhantomSource } from "../../core/data/source.ts";
import { exp } from "../../core/exact-math.ts";
import { stream } from "../../core/random.ts";
import { temporaryHome } from "./fixtures.ts";

beforeEach(async () => {
  await temporaryHome();
});

const small = phantom({ samples: 16, sizePx: 48 });

describe("the phantom", () => {
  it("is the same for the same seed", () => {
    expect(drawPhantom(small, 1, 3)).toEqual(drawPhantom(small, 1, 3));
  });

  it("is another one for another seed, image or class", () => {
    const first = drawPhantom(small, 1, 3);
    expect(drawPhantom({ ...small, seed: 1 }, 1, 3)).not.toEqual(first);
    expect(drawPhantom(small, 1, 4)).not.toEqual(first);
    expect(drawPhantom(small, 0, 3)).not.toEqual(first);
  });

  it("has the same bits on every machine", () => {
    const hash = createHash("sha256");
    for (let i = 0; i < 4; i++) hash.update(drawPhantom(phantom({ sizePx: 96 }), i % 2, i));
    for (let i = 0; i < 8; i++) hash.update(drawPhantom(phantom({ task: "texture", sizePx: 64 }), i, i));
    expect(hash.digest("hex")).toMatchInlineSnapshot(
      `"e32c5d59c9d9af25e8e81367ecdb2cb76d0a06052a1b3c9e143636ce49de58e2"`,
    );
  });

  it("of a large set is drawn in threads, with the same bits", async () => {
    const source = phantom({ samples: 120, sizePx: 96 });
    const { manifest, decode } = await listSource(source);
    for (const i of [0, 1, 57, 119]) {
      const grey = drawPhantom(source, manifest.samples[i]!.label, i);
      const { data } = await decode(i);
      expect(Buffer.from(data.filter((_, at) => at % 3 === 0)).equals(grey)).toBe(true);
    }
  });

  it("does not change an image when more are asked for", async () => {
    const [few, more] = [await listSource(small), await listSource({ ...small, samples: 17 })];
    const labels = [phantomLabels(small), phantomLabels({ ...small, samples: 17 })];
    const same = few.manifest.samples.filter((_, i) => labels[0]![i] === labels[1]![i]);
    const known = new Set(more.manifest.samples.map(({ sha256 }) => sha256));
    expect(same.every(({ sha256 }) => known.has(sha256))).toBe(true);
  });

  it("has equal classes, or the shares that are asked for", () => {
    const count = (source: PhantomSource): number[] => {
      const counts: number[] = [];
      for (const label of phantomLabels(source)) counts[label] = (counts[label] ?? 0) + 1;
      return counts;
    };
    expect(count(phantom({ samples: 780 }))).toEqual([390, 390]);
    expect(count(phantom({ samples: 800, task: "texture" }))).toEqual(Array(8).fill(100));
    expect(count(phantom({ samples: 100, balance: [3, 1] }))).toEqual([75, 25]);
  });

  it("is named as simulated", async () => {
    const { manifest } = await listSource(small);
    expect([manifest.simulated, manifest.name]).toEqual([true, "phantom (simulated, malignancy)"]);
    expect(manifest.classes).toEqual(["benign", "malignant"]);
  });

  it.each([
    [{ samples: 0 }, /samples is 0, expected a whole number from 2/],
    [{ sizePx: 8 }, /sizePx is 8/],
    [{ difficulty: 2 }, /difficulty is 2, expected 0 to 1/],
    [{ balance: [1] }, /balance has 1 shares, expected 2 above 0/],
    [{ task: "other" as "texture" }, /task is "other", expected "malignancy" or "texture"/],
  ])("refuses %o", (options, message) => {
    expect(() => phantom(options)).toThrow(message);
  });
});

describe("speckle", () => {
  it("has Rayleigh amplitudes: power of mean 1 and standard deviation 1, a third below 0.405", () => {
    const draw = stream(0, "test-speckle");
    const fields = Array.from({ length: 12 }, () => specklePower(draw, 96, { axialPx: 0.7, lateralPx: 1.1 }));
    const power = fields.flatMap((field) => [...field]);
    const mean = power.reduce((sum, value) => sum + value, 0) / power.length;
    const variance = power.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / power.length;
    const below = power.filter((value) => value < 0.405465).length / power.length; // 1 - exp(-0.405) = 1/3
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.1); // about ten scatterers a resolution cell: not quite normal
    expect(Math.abs(below - 1 / 3)).toBeLessThan(0.025);
  });
});

const SIDE = 28;

/** The image averaged down to 28 x 28. */
function shrink(grey: Uint8Array, sizePx: number): Float64Array {
  const out = new Float64Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const [y0, y1] = [Math.floor((y * sizePx) / SIDE), Math.ceil(((y + 1) * sizePx) / SIDE)];
      const [x0, x1] = [Math.floor((x * sizePx) / SIDE), Math.ceil(((x + 1) * sizePx) / SIDE)];
      let sum = 0;
      for (let v = y0; v < y1; v++) for (let u = x0; u < x1; u++) sum += grey[v * sizePx + u]!;
      out[y * SIDE + x] = sum / ((y1 - y0) * (x1 - x0)) / 255 - 0.4;
    }
  return out;
}

/** Accuracy on the last third of a logistic regression fitted to the rest by gradient descent. */
function logisticAccuracy(rows: readonly Float64Array[], labels: readonly number[], l2: number): number {
  const size = SIDE * SIDE;
  const weights = new Float64Array(size);
  const train = Math.floor((rows.length * 2) / 3);
  const score = (row: Float64Array): number => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += row[k]! * weights[k]!;
    return sum;
  };
  for (let step = 0; step < 80; step++) {
    const gradient = new Float64Array(size);
    for (let i = 0; i < train; i++) {
      const row = rows[i]!;
      const error = 1 / (1 + exp(-score(row))) - labels[i]!;
      for (let k = 0; k < size; k++) gradient[k]! += error * row[k]!;
    }
    for (let k = 0; k < size; k++) weights[k]! -= (0.5 / train) * gradient[k]! + 0.5 * l2 * weights[k]!;
  }
  const right = rows.slice(train).filter((row, i) => score(row) > 0 === (labels[train + i] === 1));
  return right.length / (rows.length - train);
}

it("a logistic regression on 28 x 28 pixels stays below 0.75 (scikit-learn's best of four strengths: 0.71)", () => {
  const source = phantom({ samples: 600, sizePx: 48 });
  const labels = phantomLabels(source);
  const rows = labels.map((label, i) => shrink(drawPhantom(source, label, i), 48));
  for (const l2 of [0.001, 0.03]) expect(logisticAccuracy(rows, labels, l2)).toBeLessThan(0.75);
});
