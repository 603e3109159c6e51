// What of an image validation and prediction see: all of it, or the square in its middle. Part of the settings, hashed and stored.
import { roundHalfEven } from "../exact-math.ts";
import { LockstepError } from "../errors.ts";
import type { DecodedImage } from "./candidate.ts";
import type { ImageSize } from "./sample.ts";

/** The whole image, resized to the input. */
export interface Resize {
  readonly kind: "resize";
}

/** The square in the middle whose side is `fraction` of the shorter side, resized to the input. */
export interface CenterCrop {
  readonly kind: "centerCrop";
  /** Above 0, at most 1. */
  readonly fraction: number;
}

export type EvaluationView = Resize | CenterCrop;

export const EVALUATION_VIEWS = "resize() or centerCrop({ fraction: 0.875 }) with a fraction above 0, at most 1";

/** @example evaluation: resize() // the default */
export function resize(): Resize {
  return { kind: "resize" };
}

/** @example evaluation: centerCrop({ fraction: 0.875 }) // torchvision's weights for ImageNet: resize to 256, crop to 224 */
export function centerCrop({ fraction = 0.875 }: { readonly fraction?: number } = {}): CenterCrop {
  const view = { kind: "centerCrop", fraction } as const;
  if (isEvaluationView(view)) return view;
  const message = `centerCrop: fraction is ${JSON.stringify(fraction)}, expected above 0, at most 1`;
  throw new LockstepError({ code: "experiment-invalid", message, next: "Correct the experiment file." });
}

export function isEvaluationView(value: unknown): value is EvaluationView {
  if (typeof value !== "object" || value === null) return false;
  const { kind, ...rest } = value as Readonly<Record<string, unknown>>;
  if (kind === "resize") return Object.keys(rest).length === 0;
  const { fraction, ...others } = rest;
  const within = typeof fraction === "number" && fraction > 0 && fraction <= 1;
  return kind === "centerCrop" && within && Object.keys(others).length === 0;
}

export interface SeenBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Rounded as torchvision's center_crop. @param view absent: the whole */
export function seenBox({ widthPx, heightPx }: ImageSize, view: EvaluationView | undefined): SeenBox {
  if (view?.kind !== "centerCrop") return { left: 0, top: 0, width: widthPx, height: heightPx };
  const side = Math.max(1, roundHalfEven(Math.min(widthPx, heightPx) * view.fraction));
  const left = roundHalfEven((widthPx - side) / 2);
  const top = roundHalfEven((heightPx - side) / 2);
  return { left, top, width: side, height: side };
}

/** That part of the image, as an image of its own. */
export function seenPart(image: DecodedImage, view: EvaluationView | undefined): DecodedImage {
  if (view?.kind !== "centerCrop") return image;
  const { left, top, width, height } = seenBox(image, view);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.widthPx + left) * 3;
    data.set(image.data.subarray(start, start + width * 3), y * width * 3);
  }
  return { ...image, data, widthPx: width, heightPx: height };
}
