import { open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { listSource, type Listing } from "../../core/data/list.ts";
import { prepareImages, preparedPath, storedSize } from "../../core/data/prepared.ts";
import { openPreparedFile, readPreparedImage, writePreparedFile } from "../../core/data/prepared-file.ts";
import type { Prepared } from "../../core/data/sample.ts";
import { folder, phantom } from "../../core/data/source.ts";
import { createPortableResampler } from "../../core/engine/portable/resample.ts";
import { picture, temporaryFolder, temporaryHome, writeClassFolders, writeFiles } from "./fixtures.ts";

const resizer = await createPortableResampler({ threads: 2 });
afterAll(() => resizer.close());

async function smallListing(): Promise<Listing & { readonly root: string }> {
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 3, b: 3 });
  return { ...(await listSource(folder(root))), root };
}

async function allPixels(prepared: Prepared): Promise<Buffer> {
  return Buffer.concat(await Promise.all(prepared.images.map((_, i) => readPreparedImage(prepared, i))));
}

it("brings the shorter side to the asked size and never enlarges", () => {
  expect(storedSize({ widthPx: 700, heightPx: 460 }, 111)).toEqual({ widthPx: 169, heightPx: 111 });
  expect(storedSize({ widthPx: 100, heightPx: 460 }, 111)).toEqual({ widthPx: 100, heightPx: 460 });
});

it("holds each image at its place, unchanged where it is small enough", async () => {
  await temporaryHome();
  const listing = await smallListing();
  const prepared = await prepareImages(listing, { storeSizePx: 64, resizer });
  expect(prepared.images.map(({ widthPx, heightPx }) => [widthPx, heightPx])).toEqual(Array(6).fill([40, 32]));
  const { data } = await listing.decode(4);
  expect((await readPreparedImage(prepared, 4)).equals(data)).toBe(true);
});

it("is read from its file the second time, without decoding", async () => {
  await temporaryHome();
  const listing = await smallListing();
  const first = await prepareImages(listing, { storeSizePx: 20, resizer });
  await rm(listing.root, { recursive: true });
  const second = await prepareImages(listing, { storeSizePx: 20, resizer });
  expect(second.digest).toBe(first.digest);
  expect((await allPixels(second)).equals(await allPixels(first))).toBe(true);
  expect(second.images).toEqual(first.images);
});

it("finds a flipped byte, or a file cut short, and makes the file again", async () => {
  await temporaryHome();
  const listing = await smallListing();
  const path = preparedPath(listing.manifest.digest, 20);
  const first = await prepareImages(listing, { storeSizePx: 20, resizer });
  const pixels = await allPixels(first);
  const file = await open(path, "r+");
  const { size } = await file.stat();
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 7);
  await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, size - 7);
  await file.close();
  const notices: string[] = [];
  const onNotice = (text: string) => notices.push(text);
  const again = await prepareImages(listing, { storeSizePx: 20, resizer, onNotice });
  expect((await allPixels(again)).equals(pixels)).toBe(true);
  expect(notices).toEqual([`prepared images ${path} are damaged and made again`]);
  const cut = await open(path, "r+");
  await cut.truncate(size - 1);
  await cut.close();
  expect((await prepareImages(listing, { storeSizePx: 20, resizer })).digest).toBe(first.digest);
});

it("is made once by two at the same time, with nothing left over", async () => {
  await temporaryHome();
  const listing = await smallListing();
  const both = await Promise.all([1, 2].map(() => prepareImages(listing, { storeSizePx: 20, resizer })));
  expect(both[0]!.digest).toBe(both[1]!.digest);
  expect(await readdir(dirname(preparedPath(listing.manifest.digest, 20)))).toHaveLength(1);
});

it("differs with the stored size", async () => {
  await temporaryHome();
  const listing = await smallListing();
  const [small, large] = [20, 24].map((storeSizePx) => prepareImages(listing, { storeSizePx, resizer }));
  expect((await small)!.digest).not.toBe((await large)!.digest);
});

it("names all images that changed or vanished since they were listed", async () => {
  await temporaryHome();
  const listing = await smallListing();
  await rm(join(listing.root, "a/1.png"));
  await writeFiles(listing.root, { "b/0.png": await picture("another of the same size") });
  await expect(prepareImages(listing, { storeSizePx: 20, resizer })).rejects.toThrow(
    /2 images cannot be used:\n {2}a\/1\.png: no such file\n {2}b\/0\.png: has changed since it was listed/,
  );
});

it("needs little memory for a set of 300 MB, to write it and to open it", async () => {
  const path = join(await temporaryFolder(), "large.images");
  const sizes = Array.from({ length: 400 }, () => ({ widthPx: 512, heightPx: 512 }));
  const pixels = new Uint8Array(512 * 512 * 3).fill(7);
  const before = process.resourceUsage().maxRSS;
  const written = await writePreparedFile(path, sizes, (write) => write(399, pixels)); // the others are a hole in the file
  const opened = await openPreparedFile(path);
  expect(opened).toMatchObject({ digest: written.digest, images: written.images });
  expect((await readPreparedImage(written, 399)).equals(pixels)).toBe(true);
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000); // kB
});

it("reports its progress up to the end", async () => {
  await temporaryHome();
  const listing = await listSource(phantom({ samples: 5, sizePx: 32 }));
  const seen: number[] = [];
  await prepareImages(listing, { storeSizePx: 32, resizer, progress: (done, total) => seen.push(done / total) });
  expect(seen.at(-1)).toBe(1);
});
