// What the augmentations draw against torchvision v2's draws: at the quantiles of torchvision's 20,000 draws ours stand at the same
// levels, within four standard errors.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { colorJitter, cutmix, gaussianBlur, mixup, randomErasing, rotation } from "../../core/data/augment.ts";
import { drawMixes, type Mix } from "../../core/data/mix.ts";
import type { PixelOp } from "../../core/data/pixel-op.ts";
import { drawPixelOps } from "../../core/data/pixel-ops.ts";
import { stream } from "../../core/random.ts";

interface Golden {
  readonly sizePx: number;
  readonly draws: number;
  readonly levels: readonly number[];
  readonly quantiles: Readonly<Record<string, readonly number[]>>;
  /** At each place of the order: shares of brightness, contrast, saturation and hue. */
  readonly jitterPlaces: readonly (readonly number[])[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/augment-draws.json", import.meta.url), "utf8")) as Golden;
const { sizePx, draws: DRAWS } = golden;

type Kind = PixelOp["kind"];
type OpOf<K extends Kind> = Extract<PixelOp, { kind: K }>;

function drawn(step: Parameters<typeof drawPixelOps>[0]): PixelOp[][] {
  const draw = stream(0, "test-augment-draws", step.kind);
  return Array.from({ length: DRAWS }, () => drawPixelOps(step, draw));
}

function opsOf<K extends Kind>(all: readonly PixelOp[][], kind: K): OpOf<K>[] {
  return all.flat().filter((op): op is OpOf<K> => op.kind === kind);
}

/** @param slack how far a value may lie beside theirs, where both round to pixels in another way */
function expectSameQuantiles(name: string, values: readonly number[], slack = 0): void {
  const theirs = golden.quantiles[name]!;
  golden.levels.forEach((level, i) => {
    const error = 4 * Math.sqrt((level * (1 - level) * 2) / DRAWS);
    const share = (below: (value: number) => boolean) => values.filter(below).length / values.length;
    const rounding = 1e-9 + 1e-6 * Math.abs(theirs[i]!); // theirs are float32
    expect(
      share((value) => value < theirs[i]! - slack - rounding),
      `${name} at ${level}`,
    ).toBeLessThan(level + error);
    expect(
      share((value) => value <= theirs[i]! + slack + rounding),
      `${name} at ${level}`,
    ).toBeGreaterThan(level - error);
  });
}

const JITTER = ["brightness", "contrast", "saturation", "hue"] as const;

it("colour jitter: factors, and the order in which they come", () => {
  const all = drawn(colorJitter({ brightness: 0.4, contrast: [0.2, 0.9], saturation: 1, hue: 0.1 }));
  for (const kind of JITTER)
    expectSameQuantiles(
      `jitter ${kind}`,
      opsOf(all, kind).map((op) => (op.kind === "hue" ? op.shift : op.factor)),
    );
  golden.jitterPlaces.forEach((shares, place) => {
    JITTER.forEach((kind, k) => {
      const share = all.filter((ops) => ops[place]?.kind === kind).length / DRAWS;
      expect(Math.abs(share - shares[k]!), `${kind} at place ${place}`).toBeLessThan(4 * Math.sqrt(0.375 / DRAWS));
    });
  });
});

it("the angle of a rotation and the sigma of a blur", () => {
  const turns = opsOf(drawn(rotation(30)), "rotate");
  expectSameQuantiles(
    "rotation degrees",
    turns.map(({ cos, sin }) => (Math.atan2(sin, cos) * 180) / Math.PI),
  );
  const blurs = opsOf(drawn(gaussianBlur({ kernelPx: 5, sigmaPx: [0.1, 2] })), "blur");
  const sigmaOf = ([, , middle = 0, next = 0]: readonly number[]): number => Math.sqrt(-0.5 / Math.log(next / middle));
  expectSameQuantiles(
    "blur sigma",
    blurs.map(({ weights }) => sigmaOf(weights)),
  );
});

it("the box of an erasing: place, sides, area and ratio", () => {
  const boxes = opsOf(drawn(randomErasing({ probability: 1, scale: [0.02, 0.33], ratio: [0.3, 3.3] })), "erase");
  expect(boxes.length).toBeGreaterThan(DRAWS * 0.999);
  const inPx = boxes.map(({ left, top, width, height }) => ({
    left: Math.floor(left * sizePx),
    top: Math.floor(top * sizePx),
    width: Math.round(width * sizePx),
    height: Math.round(height * sizePx),
  }));
  for (const side of ["width", "height"] as const)
    expectSameQuantiles(
      `erasing ${side}`,
      inPx.map((box) => box[side]),
    );
  for (const edge of ["left", "top"] as const)
    expectSameQuantiles(
      `erasing ${edge}`,
      inPx.map((box) => box[edge]),
      1,
    );
  expectSameQuantiles(
    "erasing area",
    inPx.map(({ width, height }) => width * height),
  );
  expectSameQuantiles(
    "erasing ratio",
    inPx.map(({ width, height }) => height / width),
  );
});

function mixesOf(step: ReturnType<typeof mixup> | ReturnType<typeof cutmix>): Mix[] {
  return Array.from({ length: DRAWS }, (_, batch) =>
    drawMixes({ augment: [step], seed: 0, epoch: 1, batch: batch + 1, sizePx }),
  ).flat();
}

it.each([0.2, 1, 4])("the share of mixup and the box of cutmix for alpha %d", (alpha) => {
  expectSameQuantiles(
    `mixup share ${alpha}`,
    mixesOf(mixup({ alpha })).map(({ share }) => share),
  );
  const boxes = mixesOf(cutmix({ alpha })).flatMap((mix) => (mix.kind === "cutmix" ? [mix] : []));
  for (const name of ["share", "left", "height"] as const)
    expectSameQuantiles(
      `cutmix ${name} ${alpha}`,
      boxes.map((box) => box[name]),
    );
});
