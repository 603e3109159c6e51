// What the parts of core/data hand to each other and to the trainer: samples, the manifest, the split, crop jobs.

import type { PixelOp } from "./pixel-op.ts";

export type SplitPart = "train" | "val" | "test";

/** One image of a data set, known by its id: a path inside the source or an index such as "train/17". */
export interface Sample {
  readonly id: string;
  /** sha256 of the encoded file, or of the raw pixels where the source holds arrays; 64 hex digits. */
  readonly sha256: string;
  /** Index into the manifest's classes. */
  readonly label: number;
  /** Samples of one group (a patient, a duplicate) are never on both sides of a split; null: alone. */
  readonly group: string | null;
  readonly widthPx: number;
  readonly heightPx: number;
  /** The part that the source itself assigns, or null. */
  readonly officialPart: SplitPart | null;
}

export interface Manifest {
  /** Digest over classes and all samples in order of their ids; names the data set. 64 hex digits. */
  readonly digest: string;
  /** Where it comes from, for people: "phantom", a path, … */
  readonly name: string;
  readonly simulated: boolean;
  readonly classes: readonly string[];
  /** In code-unit order of their ids. */
  readonly samples: readonly Sample[];
  /** Images left out under onBadImage: "skip", with the reason. */
  readonly skipped: readonly SkippedImage[];
}

export interface SkippedImage {
  readonly id: string;
  readonly reason: string;
}

export interface Split {
  readonly digest: string;
  readonly datasetDigest: string;
  /** Indices into manifest.samples, ascending. */
  readonly train: readonly number[];
  readonly val: readonly number[];
  readonly test: readonly number[];
}

/** The decoded images: uint8 RGB, one after another in a file from which each image is read when it is wanted. */
export interface Prepared {
  readonly digest: string;
  /** Descriptor of the file, open until the process ends; any thread reads from it by position. */
  readonly file: number;
  /** By sample index: where the image starts in the file and its stored size. Image bytes: height * width * 3. */
  readonly images: readonly PreparedImage[];
}

export interface PreparedImage extends ImageSize {
  readonly offset: number;
}

/** How one network input is cut out of one prepared image: a box in its pixels, resized to the input size, mirrored or not. */
export interface CropJob {
  readonly sampleIndex: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly flip: boolean;
  /** Changes of pixels after the resize, in this order; absent: none. The resampler leaves them to `batches`. */
  readonly ops?: readonly PixelOp[];
}

export interface ImageSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Resizes one whole image with the same bits on every machine; implemented by the portable kernels. */
export interface Resizer {
  /** @param pixels uint8 RGB [from.heightPx, from.widthPx, 3] @returns the same of the new size */
  resize(pixels: Uint8Array, from: ImageSize, to: ImageSize): Promise<Uint8Array>;
}

/** Runs crop jobs off the main thread; implemented by the portable kernels. */
export interface Resampler {
  /** How many; what changes pixels after it takes as many. */
  readonly threads: number;
  /** @returns uint8 [jobs.length, sizePx, sizePx, 3], bilinear with antialiasing */
  resample(prepared: Prepared, jobs: readonly CropJob[], sizePx: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
