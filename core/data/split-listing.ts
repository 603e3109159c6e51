// The split of a listed data set in which no group and no duplicates stand on both sides.
import { findDuplicates, groupSamples, type DuplicatePair } from "./duplicates.ts";
import type { Listing } from "./list.ts";
import type { Split } from "./sample.ts";
import { splitSamples, type SplitRequest } from "./split.ts";

export interface ListingSplit {
  readonly split: Split;
  /** By sample index: samples with equal keys stay on one side. */
  readonly groups: readonly string[];
  readonly pairs: readonly DuplicatePair[];
}

/** @example const { split } = await splitListing(listing, { train: 0.7, val: 0.15, test: 0.15, seed: 0 }) */
export async function splitListing(listing: Listing, request: SplitRequest): Promise<ListingSplit> {
  const pairs = await findDuplicates(listing);
  const groups = groupSamples(listing.manifest, pairs);
  return { split: splitSamples(listing.manifest, request, groups), groups, pairs };
}
