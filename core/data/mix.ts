// Mixup (Zhang et al. 2018) and cutmix (Yun et al. 2019) as torchvision's v2.MixUp and v2.CutMix define them: each image of a batch
// is mixed with the one before it, the first with the last, by one share for the batch, and so are their labels. A draw depends
// on seed, epoch and the batch's number alone, so that a resumed run draws the same.
import { LockstepError } from "../errors.ts";
import { exp, log } from "../exact-math.ts";
import { stream, type Stream } from "../random.ts";
import type { Augmentation, CutMix, MixUp } from "./augment.ts";

/** What is done to one batch. */
export type Mix =
  /** own = own * share + partner * (1 - share), rounded to the nearest. */
  | { readonly kind: "mixup"; readonly share: number }
  /** The partner's pixels stand in the box; `share` is what is left of the own image. Box in pixels. */
  | {
      readonly kind: "cutmix";
      readonly share: number;
      readonly left: number;
      readonly top: number;
      readonly width: number;
      readonly height: number;
    };

export interface MixesInput {
  readonly augment: readonly Augmentation[];
  readonly seed: number;
  /** From 1. */
  readonly epoch: number;
  /** From 1. */
  readonly batch: number;
  readonly sizePx: number;
}

/** The mixes of a batch, in order; none for most experiments. @throws LockstepError "experiment-invalid" */
export function drawMixes({ augment, seed, epoch, batch, sizePx }: MixesInput): Mix[] {
  const steps = augment.filter(isMix);
  if (steps.length === 0) return [];
  if (!augment.slice(-steps.length).every(isMix)) throw mixTooEarly(steps[0]?.kind ?? "");
  const draw = stream(seed, "augment", epoch, batch);
  return steps.flatMap((step) => (draw.uniform() < step.probability ? [drawMix(step, sizePx, draw)] : []));
}

/** Whether a step mixes images of a batch with each other, rather than changing one image. */
export function isMix(step: Augmentation): step is MixUp | CutMix {
  return step.kind === "mixup" || step.kind === "cutmix";
}

/** The image that image `i` of `count` is mixed with. */
export function partnerOf(i: number, count: number): number {
  return (i + count - 1) % count;
}

/** Labels mixed as the images are. @param rows float32 [B, K] @returns float32 [B, K] */
export function mixRows(rows: Float32Array, classes: number, mixes: readonly Mix[]): Float32Array {
  const count = rows.length / classes;
  return mixes.reduce(
    (own, { share }) =>
      own.map((value, at) => {
        const partner = partnerOf(Math.floor(at / classes), count) * classes + (at % classes);
        return share * value + (1 - share) * (own[partner] as number);
      }),
    rows,
  );
}

function drawMix({ kind, alpha }: MixUp | CutMix, sizePx: number, draw: Stream): Mix {
  const share = drawBeta(alpha, draw);
  return kind === "mixup" ? { kind, share } : cutBox(share, sizePx, draw);
}

/** A square of 1 - share of the area about a uniform pixel; what the edge cuts off is the own image's again. */
function cutBox(share: number, sizePx: number, draw: Stream): Mix {
  const [x, y] = [draw.integer(sizePx), draw.integer(sizePx)];
  const half = Math.floor(0.5 * Math.sqrt(1 - share) * sizePx);
  const [left, right] = [Math.max(0, x - half), Math.min(sizePx, x + half)];
  const [top, bottom] = [Math.max(0, y - half), Math.min(sizePx, y + half)];
  const [width, height] = [right - left, bottom - top];
  return { kind: "cutmix", share: 1 - (width * height) / (sizePx * sizePx), left, top, width, height };
}

/** Beta(alpha, alpha) as the share of one gamma variate in the sum of two; in logarithms, since those of a small alpha underflow. */
export function drawBeta(alpha: number, draw: Stream): number {
  const [one, other] = [drawLogGamma(alpha, draw), drawLogGamma(alpha, draw)];
  return 1 / (1 + exp(other - one));
}

/** Logarithm of a Gamma(shape, 1) variate, by Marsaglia and Tsang (2000). */
function drawLogGamma(shape: number, draw: Stream): number {
  if (shape < 1) return log(1 - draw.uniform()) / shape + drawLogGamma(shape + 1, draw);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = draw.normal();
    const root = 1 + c * x;
    const v = root * root * root;
    if (v > 0 && log(1 - draw.uniform()) < 0.5 * x * x + d * (1 - v + log(v))) return log(d * v);
  }
}

function mixTooEarly(kind: string): LockstepError {
  return new LockstepError({
    code: "experiment-invalid",
    message: `augment: ${kind} stands before a change of single images, expected behind all of them`,
    next: "Put mixup and cutmix last.",
  });
}
