// Augmentation as data: what an experiment file says, hashed and stored with the run. crops.ts and pixel-ops.ts draw from it.
// Names, ranges and definitions are torchvision's.
import { LockstepError } from "../errors.ts";

type Range = readonly [number, number];

/** A box of random area and aspect ratio, resized to the input (Szegedy et al. 2015), as torchvision's RandomResizedCrop. */
export interface RandomResizedCrop {
  readonly kind: "randomResizedCrop";
  /** Share of the image's area, lowest and highest. */
  readonly scale: Range;
  /** Width over height, lowest and highest. */
  readonly ratio: Range;
}

/** Mirrored left to right. */
export interface HorizontalFlip {
  readonly kind: "horizontalFlip";
  readonly probability: number;
}

/** Mirrored top to bottom. */
export interface VerticalFlip {
  readonly kind: "verticalFlip";
  readonly probability: number;
}

/** Turned by 0, 90, 180 or 270 degrees, each as likely. */
export interface QuarterTurns {
  readonly kind: "quarterTurns";
}

/** Turned about its middle by a uniform angle; bilinear, black where nothing was. */
export interface Rotation {
  readonly kind: "rotation";
  /** Degrees, lowest and highest, counter-clockwise. */
  readonly degrees: Range;
}

/** Brightness, contrast, saturation and hue changed by uniform factors, in random order. */
export interface ColorJitter {
  readonly kind: "colorJitter";
  readonly brightness: Range;
  readonly contrast: Range;
  readonly saturation: Range;
  /** Shift of the hue in turns of the color circle, within -0.5 and 0.5. */
  readonly hue: Range;
}

/** Blurred by a Gaussian of uniform standard deviation. */
export interface GaussianBlur {
  readonly kind: "gaussianBlur";
  /** Odd. */
  readonly kernelPx: number;
  readonly sigmaPx: Range;
}

/** A box of random area and aspect ratio made black (Zhong et al. 2017). */
export interface RandomErasing {
  readonly kind: "randomErasing";
  readonly probability: number;
  readonly scale: Range;
  readonly ratio: Range;
}

/** Images of a batch blended by one share for all, drawn from Beta(alpha, alpha), and their labels with them (Zhang et al. 2018). */
export interface MixUp {
  readonly kind: "mixup";
  readonly alpha: number;
  /** Of a batch being mixed. */
  readonly probability: number;
}

/** As mixup, but a box of the other image is pasted, whose area is the labels' share (Yun et al. 2019). */
export interface CutMix {
  readonly kind: "cutmix";
  readonly alpha: number;
  readonly probability: number;
}

export type Augmentation =
  | RandomResizedCrop
  | HorizontalFlip
  | VerticalFlip
  | QuarterTurns
  | Rotation
  | ColorJitter
  | GaussianBlur
  | RandomErasing
  | MixUp
  | CutMix;

/** @example randomResizedCrop({ scale: [0.5, 1] }) */
export function randomResizedCrop({
  scale = [0.08, 1],
  ratio = [3 / 4, 4 / 3],
}: Partial<Omit<RandomResizedCrop, "kind">> = {}): RandomResizedCrop {
  return {
    kind: "randomResizedCrop",
    scale: range("randomResizedCrop: scale", scale, 0, 1),
    ratio: range("randomResizedCrop: ratio", ratio, 0, Infinity),
  };
}

/** @param probability of a flip, 0 to 1 */
export function horizontalFlip(probability = 0.5): HorizontalFlip {
  return { kind: "horizontalFlip", probability: share("horizontalFlip: probability", probability) };
}

/** @param probability of a flip, 0 to 1 */
export function verticalFlip(probability = 0.5): VerticalFlip {
  return { kind: "verticalFlip", probability: share("verticalFlip: probability", probability) };
}

export function quarterTurns(): QuarterTurns {
  return { kind: "quarterTurns" };
}

/** @param degrees at most this to either side, or lowest and highest */
export function rotation(degrees: number | Range): Rotation {
  const both: Range = typeof degrees === "number" ? [-degrees, degrees] : degrees;
  return { kind: "rotation", degrees: range("rotation: degrees", both, -360, 360, true) };
}

/** @example colorJitter({ brightness: 0.2 }) // factors 0.8 to 1.2; a pair gives lowest and highest */
export function colorJitter(
  strengths: {
    brightness?: number | Range;
    contrast?: number | Range;
    saturation?: number | Range;
    hue?: number | Range;
  } = {},
): ColorJitter {
  const factor = (name: string, value: number | Range = 0): Range =>
    range(
      `colorJitter: ${name}`,
      typeof value === "number" ? [Math.max(0, 1 - value), 1 + value] : value,
      0,
      Infinity,
      true,
    );
  const { hue = 0 } = strengths;
  return {
    kind: "colorJitter",
    brightness: factor("brightness", strengths.brightness),
    contrast: factor("contrast", strengths.contrast),
    saturation: factor("saturation", strengths.saturation),
    hue: range("colorJitter: hue", typeof hue === "number" ? [-hue, hue] : hue, -0.5, 0.5, true),
  };
}

/** @example gaussianBlur({ kernelPx: 5, sigmaPx: [0.1, 2] }) */
export function gaussianBlur({ kernelPx = 5, sigmaPx = [0.1, 2] as Range } = {}): GaussianBlur {
  if (!Number.isInteger(kernelPx) || kernelPx < 1 || kernelPx % 2 === 0)
    throw invalid("gaussianBlur: kernelPx", kernelPx, "an odd whole number");
  return { kind: "gaussianBlur", kernelPx, sigmaPx: range("gaussianBlur: sigmaPx", sigmaPx, 0, Infinity) };
}

export function randomErasing({
  probability = 0.5,
  scale = [0.02, 0.33],
  ratio = [0.3, 3.3],
}: Partial<Omit<RandomErasing, "kind">> = {}): RandomErasing {
  return {
    kind: "randomErasing",
    probability: share("randomErasing: probability", probability),
    scale: range("randomErasing: scale", scale, 0, 1),
    ratio: range("randomErasing: ratio", ratio, 0, Infinity),
  };
}

/** @example mixup({ alpha: 0.2 }) // behind all changes of single images */
export function mixup(options: Partial<Omit<MixUp, "kind">> = {}): MixUp {
  return { kind: "mixup", ...mixing("mixup", options) };
}

/** @example cutmix({ probability: 0.5 }) // behind all changes of single images */
export function cutmix(options: Partial<Omit<CutMix, "kind">> = {}): CutMix {
  return { kind: "cutmix", ...mixing("cutmix", options) };
}

function mixing(what: string, { alpha = 1, probability = 1 }: Partial<Omit<MixUp, "kind">>): Omit<MixUp, "kind"> {
  if (!(alpha > 0 && alpha <= 1000)) throw invalid(`${what}: alpha`, alpha, "above 0, at most 1000");
  return { alpha, probability: share(`${what}: probability`, probability) };
}

/** Checks least < low <= high <= most; least itself is allowed where `closed`. */
function range(what: string, value: Range, least: number, most: number, closed = false): Range {
  const [low, high] = value;
  if ((closed ? low >= least : low > least) && low <= high && high <= most) return value;
  throw invalid(what, value, `${least} ${closed ? "<=" : "<"} low <= high <= ${most}`);
}

function share(what: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw invalid(what, value, "0 to 1");
}

function invalid(what: string, received: unknown, expected: string): LockstepError {
  const message = `${what} is ${JSON.stringify(received)}, expected ${expected}`;
  return new LockstepError({ code: "experiment-invalid", message, next: "Correct the experiment file." });
}
