// Draws the pixel changes of one sample. Like the crop, a draw depends on seed, epoch and sample alone.
import { cos, exp, log, sin } from "../exact-math.ts";
import type { Stream } from "../random.ts";
import type {
  Augmentation,
  ColorJitter,
  CutMix,
  GaussianBlur,
  HorizontalFlip,
  MixUp,
  RandomErasing,
  RandomResizedCrop,
} from "./augment.ts";
import type { PixelOp } from "./pixel-op.ts";

/** An augmentation of one image that is no crop. */
export type PixelAugmentation = Exclude<Augmentation, RandomResizedCrop | MixUp | CutMix>;

/** What this draw does to the image: nothing, one change or several in order. */
export function drawPixelOps(step: PixelAugmentation, draw: Stream): PixelOp[] {
  switch (step.kind) {
    case "horizontalFlip":
      return isDrawn(step, draw) ? [{ kind: "flipHorizontal" }] : [];
    case "verticalFlip":
      return isDrawn(step, draw) ? [{ kind: "flipVertical" }] : [];
    case "quarterTurns": {
      const turns = draw.integer(4);
      return turns === 0 ? [] : [{ kind: "quarterTurns", turns: turns as 1 | 2 | 3 }];
    }
    case "rotation": {
      const radians = (between(step.degrees, draw) * Math.PI) / 180;
      return [{ kind: "rotate", cos: cos(radians), sin: sin(radians) }];
    }
    case "colorJitter":
      return drawJitter(step, draw);
    case "gaussianBlur":
      return [{ kind: "blur", weights: gaussianWeights(step, between(step.sigmaPx, draw)) }];
    case "randomErasing":
      return isDrawn(step, draw) ? drawErasure(step, draw) : [];
  }
}

function isDrawn({ probability }: Pick<HorizontalFlip, "probability">, draw: Stream): boolean {
  return draw.uniform() < probability;
}

function drawJitter({ brightness, contrast, saturation, hue }: ColorJitter, draw: Stream): PixelOp[] {
  const ops: PixelOp[] = [
    { kind: "brightness", factor: between(brightness, draw) },
    { kind: "contrast", factor: between(contrast, draw) },
    { kind: "saturation", factor: between(saturation, draw) },
    { kind: "hue", shift: between(hue, draw) },
  ];
  const idle = (op: PixelOp): boolean => ("factor" in op && op.factor === 1) || ("shift" in op && op.shift === 0);
  return draw.shuffle(ops).filter((op) => !idle(op));
}

function gaussianWeights({ kernelPx }: GaussianBlur, sigmaPx: number): number[] {
  const radius = (kernelPx - 1) / 2;
  const weights = Array.from({ length: kernelPx }, (_, i) => {
    const distance = (i - radius) / sigmaPx;
    return exp((-distance * distance) / 2);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const ATTEMPTS = 10; // torchvision's

/** A box as in torchvision's RandomErasing, in shares of the side; none where no attempt fits. */
function drawErasure({ scale, ratio }: RandomErasing, draw: Stream): PixelOp[] {
  const logRatio = [log(ratio[0]), log(ratio[1])] as const;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = between(scale, draw);
    const aspect = exp(between(logRatio, draw)); // height over width, as there
    const [height, width] = [Math.sqrt(area * aspect), Math.sqrt(area / aspect)];
    if (height >= 1 || width >= 1) continue;
    return [{ kind: "erase", left: (1 - width) * draw.uniform(), top: (1 - height) * draw.uniform(), width, height }];
  }
  return [];
}

function between([low, high]: readonly [number, number], draw: Stream): number {
  return low + (high - low) * draw.uniform();
}
