// A picture of duplicate pairs, side by side, so that a person can say whether they are the same.
import sharp from "sharp";
import { composeSheet } from "./contact-sheet.ts";
import type { Inspection, NamedPair } from "./inspect.ts";
import type { Listing } from "./list.ts";

const CELL_PX = 160;
/** Three pairs a row. */
const COLUMNS = 6;

/** @param most pairs to show @returns a PNG, or null where there is no pair */
export async function pairSheet(listing: Listing, { duplicates }: Inspection, most: number): Promise<Buffer | null> {
  if (duplicates.length === 0) return null;
  const indexOf = new Map(listing.manifest.samples.map(({ id }, index) => [id, index]));
  const pictures = duplicates.slice(0, most).flatMap((pair) => [pair.a, pair.b].map((id) => ({ pair, id })));
  const cells = pictures.map(async ({ pair, id }) => {
    const { data, widthPx: width, heightPx: height } = await listing.decode(indexOf.get(id) as number);
    const pixels = await sharp(data, { raw: { width, height, channels: 3 } })
      .resize(CELL_PX, CELL_PX, { fit: "contain" })
      .raw()
      .toBuffer();
    return { pixels, title: titleOf(pair), subtitle: id };
  });
  return composeSheet(await Promise.all(cells), CELL_PX, COLUMNS);
}

function titleOf({ kind, distance, acrossClasses }: NamedPair): string {
  const what = kind === "near" ? `${distance} bits` : `same ${kind}`;
  return acrossClasses ? `${what}, 2 classes` : what;
}
