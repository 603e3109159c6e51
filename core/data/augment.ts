// Augmentation as data: what an experiment file says, hashed and stored with the run. crops.ts draws from it.
import { LockstepError } from "../errors.ts";

/** A box of random area and aspect ratio, resized to the input (Szegedy et al. 2015), as torchvision's RandomResizedCrop. */
export interface RandomResizedCrop {
  readonly kind: "randomResizedCrop";
  /** Share of the image's area, lowest and highest. */
  readonly scale: readonly [number, number];
  /** Width over height, lowest and highest. */
  readonly ratio: readonly [number, number];
}

/** Mirrored left to right. */
export interface HorizontalFlip {
  readonly kind: "horizontalFlip";
  readonly probability: number;
}

export type Augmentation = RandomResizedCrop | HorizontalFlip;

/** @example randomResizedCrop({ scale: [0.5, 1] }) */
export function randomResizedCrop({
  scale = [0.08, 1],
  ratio = [3 / 4, 4 / 3],
}: Partial<Omit<RandomResizedCrop, "kind">> = {}): RandomResizedCrop {
  if (!(scale[0] > 0 && scale[0] <= scale[1] && scale[1] <= 1))
    throw invalid("randomResizedCrop: scale", scale, "0 < low <= high <= 1");
  if (!(ratio[0] > 0 && ratio[0] <= ratio[1])) throw invalid("randomResizedCrop: ratio", ratio, "0 < low <= high");
  return { kind: "randomResizedCrop", scale, ratio };
}

/** @param probability of a flip, 0 to 1 */
export function horizontalFlip(probability = 0.5): HorizontalFlip {
  if (!(probability >= 0 && probability <= 1)) throw invalid("horizontalFlip: probability", probability, "0 to 1");
  return { kind: "horizontalFlip", probability };
}

function invalid(what: string, received: unknown, expected: string): LockstepError {
  const message = `${what} is ${JSON.stringify(received)}, expected ${expected}`;
  return new LockstepError({ code: "experiment-invalid", message, next: "Correct the experiment file." });
}
