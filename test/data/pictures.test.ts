// The pictures that people look at: contact sheet and thumbnails.
import { existsSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, it } from "vitest";
import { horizontalFlip } from "../../core/data/augment.ts";
import { contactSheet } from "../../core/data/contact-sheet.ts";
import { trainingCrops } from "../../core/data/crops.ts";
import { listSource } from "../../core/data/list.ts";
import { prepareImages } from "../../core/data/prepared.ts";
import { phantom } from "../../core/data/source.ts";
import { writeThumbnails } from "../../core/data/thumbnails.ts";
import { createPortableResampler } from "../../core/engine/portable/resample.ts";
import { temporaryHome } from "./fixtures.ts";

const resampler = await createPortableResampler({ threads: 1 });
afterAll(() => resampler.close());

async function smallData() {
  const listing = await listSource(phantom({ samples: 12, sizePx: 40 }));
  const prepared = await prepareImages(listing, { storeSizePx: 40, resizer: resampler });
  return { manifest: listing.manifest, prepared };
}

it("a contact sheet is a PNG of all its images, the same for the same draw", async () => {
  await temporaryHome();
  const { manifest, prepared } = await smallData();
  const sheet = (seed: number, notes?: readonly string[]) => {
    const crops = trainingCrops({ prepared, manifest, augment: [horizontalFlip()], seed, epoch: 1 });
    const order = Array.from({ length: 12 }, (_, i) => i);
    return contactSheet({ prepared, manifest, order, batchSize: 5, count: 12, crops, sizePx: 40, resampler, notes });
  };
  const first = await sheet(0);
  expect(await sharp(first).metadata()).toMatchObject({ format: "png", width: 680, height: 602 });
  expect((await sheet(0)).equals(first)).toBe(true);
  expect((await sheet(1)).equals(first)).toBe(false);
  const noted = await sharp(await sheet(0, ["of two lines, since more than 32 fit none", "short"])).metadata();
  expect(noted.height).toBe(602 + 3 * 2 * 12); // three rows
});

it("thumbnails are WebP, at most 192 pixels, and written once for all runs on the same data", async () => {
  const home = await temporaryHome();
  const data = await smallData();
  const thumbnails = await writeThumbnails(data, [3, 7]);
  expect(thumbnails.map(({ sampleIndex }) => sampleIndex)).toEqual([3, 7]);
  for (const { path } of thumbnails) {
    expect(existsSync(join(home, path))).toBe(true);
    expect(await sharp(join(home, path)).metadata()).toMatchObject({ format: "webp", width: 40, height: 40 });
  }
  expect(await writeThumbnails(data, [7])).toEqual([thumbnails[1]]);
});
