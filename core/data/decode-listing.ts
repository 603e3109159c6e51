// Under onBadImage "skip" a data set is what decodes: an image that has vanished or changed since it was listed is left out and
// recorded, so that the manifest's digest names what is trained on.
import { BadImages } from "./bad-images.ts";
import { withoutImages, type Listing, type ListOptions } from "./list.ts";

export interface Decoded<Result> {
  readonly listing: Listing;
  readonly decoded: Result;
}

/** @param decode is called again with what is left @throws BadImages where they are to stop the work */
export async function decodeListing<Result>(
  listing: Listing,
  { onBadImage }: Required<Pick<ListOptions, "onBadImage">>,
  decode: (listing: Listing) => Promise<Result>,
): Promise<Decoded<Result>> {
  try {
    return { listing, decoded: await decode(listing) };
  } catch (error) {
    if (onBadImage === "stop" || !(error instanceof BadImages)) throw error;
    return decodeListing(withoutImages(listing, error.bad), { onBadImage }, decode);
  }
}
