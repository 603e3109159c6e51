// Data from its source to what a training needs, in one call: manifest, split, prepared images, and what a careful reader should
// be told. With onBadImage "skip", an image that goes bad between listing and decoding is left out too.
import { findDuplicates, groupSamples, type DuplicatePair } from "./duplicates.ts";
import { listSource, type Listing } from "./list.ts";
import { prepareImages } from "./prepared.ts";
import type { Manifest, Prepared, Resizer, Split } from "./sample.ts";
import type { Source } from "./source.ts";
import { splitSamples, type SplitRequest } from "./split.ts";
import { splitWarnings } from "./warnings.ts";

export interface OpenDataInput {
  readonly source: Source;
  readonly split: SplitRequest;
  readonly onBadImage?: "stop" | "skip";
  readonly storeSizePx: number;
  readonly resizer: Resizer;
  /** What is being done, and how far it is. */
  readonly progress?: (step: "listing" | "decoding", done: number, total: number) => void;
}

export interface OpenedData {
  readonly manifest: Manifest;
  readonly split: Split;
  readonly prepared: Prepared;
  /** By sample index: samples with equal keys stay on one side. */
  readonly groups: readonly string[];
  /** One line each. */
  readonly warnings: readonly string[];
}

/** @example const { manifest, split, prepared, warnings } = await openData({ source, split, storeSizePx: 111, resizer }) */
export async function openData(input: OpenDataInput): Promise<OpenedData> {
  const { source, onBadImage = "stop", storeSizePx, resizer, progress } = input;
  const listing = await listSource(source, {
    onBadImage,
    progress: (done, total) => progress?.("listing", done, total),
  });
  const { split, groups, pairs } = await splitListing(listing, input.split);
  const prepared = await prepareImages(listing, {
    storeSizePx,
    resizer,
    progress: (done, total) => progress?.("decoding", done, total),
  });
  const warnings = splitWarnings({ manifest: listing.manifest, split, groups, pairs, request: input.split });
  return { manifest: listing.manifest, split, prepared, groups, warnings };
}

/** The split of a listing in which no group and no duplicates are on both sides. */
export async function splitListing(
  listing: Listing,
  request: SplitRequest,
): Promise<{ split: Split; groups: readonly string[]; pairs: readonly DuplicatePair[] }> {
  const pairs = await findDuplicates(listing);
  const groups = groupSamples(listing.manifest, pairs);
  return { split: splitSamples(listing.manifest, request, groups), groups, pairs };
}
