// What experiment files and the rest of core use of data.
export * from "./sample.ts";
export * from "./source.ts";
export * from "./augment.ts";
export type { DecodedImage, ImageFacts } from "./candidate.ts";
export { listSource, type Listing, type ListOptions } from "./list.ts";
export { ownGroups, splitSamples, type SplitRequest } from "./split.ts";
export { prepareImages, preparedPath, type PrepareOptions } from "./prepared.ts";
export { evaluationCrops, trainingCrops, type Crops } from "./crops.ts";
export { drawMixes, mixRows, partnerOf, type Mix } from "./mix.ts";
export { batches, epochOrder, type Batch, type BatchesInput } from "./batches.ts";
export { findDuplicates, groupSamples, NEAR_DUPLICATE_BITS, type DuplicatePair } from "./duplicates.ts";
export { contactSheet, type ContactSheetInput } from "./contact-sheet.ts";
export { thumbnailPath, writeThumbnails, type Thumbnail } from "./thumbnails.ts";
export { inspectListing, type Inspection } from "./inspect.ts";
export { foldSplit, type FoldRequest } from "./folds.ts";
