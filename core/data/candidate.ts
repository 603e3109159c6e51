// What the reader of a source hands to the listing: one candidate for each image, not yet looked at.
import type { KnownFacts } from "./known-facts.ts";
import type { SplitPart } from "./sample.ts";

/** uint8 RGB [heightPx, widthPx, 3], upright. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What is known of an image after it was decoded once. */
export interface ImageFacts {
  /** Of the encoded file, or of the raw pixels where the source holds arrays. */
  readonly sha256: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** "png", "jpeg", …; "array" where nothing is encoded. */
  readonly format: string;
  readonly channels: number;
  readonly bytes: number;
  /** Of the decoded pixels, equal where two files hold the same picture; null where the source draws its images. */
  readonly pixelSha256: string | null;
  /** Perceptual hash, 64 hex digits (perceptual-hash.ts); null where the source draws its images. */
  readonly perceptualHash: string | null;
}

export interface Candidate {
  readonly id: string;
  /** Index into the source's classes. */
  readonly label: number;
  readonly group: string | null;
  readonly officialPart: SplitPart | null;
  /** @param known facts of an earlier time @throws BadImage */
  inspect(known: KnownFacts): Promise<ImageFacts>;
  /** @param sha256 that `inspect` found @throws BadImage where the image is another one now */
  decode(sha256: string): Promise<DecodedImage>;
}

export interface SourceContents {
  readonly name: string;
  readonly simulated: boolean;
  readonly classes: readonly string[];
  readonly candidates: readonly Candidate[];
}

/** Why one image cannot be used; collected, and reported with all others at once. */
export class BadImage extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "BadImage";
  }
}
