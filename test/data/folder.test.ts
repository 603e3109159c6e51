import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeEach, expect, it } from "vitest";
import { maskWarning } from "../../core/data/bad-images.ts";
import { listSource } from "../../core/data/list.ts";
import { folder } from "../../core/data/source.ts";
import { noisePixels, picture, temporaryFolder, temporaryHome, writeClassFolders, writeFiles } from "./fixtures.ts";

beforeEach(async () => {
  await temporaryHome();
});

it("lists class folders: classes by name, samples by path, to any depth", async () => {
  const root = await temporaryFolder();
  await writeClassFolders(root, { malignant: 2, benign: 2 });
  await writeFiles(root, {
    "benign/Größe/ä 1.png": await picture("deep"),
    "benign/notes.txt": "not an image",
    "benign/.hidden.png": "",
    "README.md": "",
  });
  const { manifest } = await listSource(folder(root));
  expect(manifest.classes).toEqual(["benign", "malignant"]);
  expect(manifest.samples.map(({ id, label }) => [id, label])).toEqual([
    ["benign/0.png", 0],
    ["benign/1.png", 0],
    ["benign/Größe/ä 1.png", 0],
    ["malignant/0.png", 1],
    ["malignant/1.png", 1],
  ]);
  expect(manifest.samples[0]).toMatchObject({ widthPx: 40, heightPx: 32, officialPart: null, group: null });
});

it("takes train, val and test folders for the official split", async () => {
  const root = await temporaryFolder();
  await writeClassFolders(root, { "train/a": 2, "train/b": 1, "valid/a": 1, "valid/b": 1, "test/a": 1, "test/b": 1 });
  const { manifest } = await listSource(folder(root));
  expect(manifest.classes).toEqual(["a", "b"]);
  expect(manifest.samples.map(({ officialPart }) => officialPart)).toEqual(
    ["test", "test", "train", "train", "train", "val", "val"], // prettier-ignore
  );
});

it("names the group by the pattern's first group, and says which path it does not match", async () => {
  const root = await temporaryFolder();
  await writeFiles(root, {
    "a/17_x.png": await picture(1),
    "a/17_y.png": await picture(2),
    "b/4_x.png": await picture(3),
  });
  const { manifest } = await listSource(folder(root, { group: /\/(\d+)_/ }));
  expect(manifest.samples.map(({ group }) => group)).toEqual(["17", "17", "4"]);
  const fromName = await listSource(folder(root, { group: /^(\d+)_/ }));
  expect(fromName.manifest.digest).toBe(manifest.digest);
  expect(() => folder(root, { group: /^(\d+)_/i })).toThrow(/has the flag "i", which is not kept/);
  await expect(listSource(folder(root, { group: "(" }))).rejects.toThrow(/is not a regular expression: .*Unterminated/);
  await expect(listSource(folder(root, { group: /\/(\d\d)_/ }))).rejects.toThrow(/does not match "b\/4_x.png"/);
});

it("leaves out what the experiment excludes, and files named like masks are told", async () => {
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 2, b: 2 });
  await writeFiles(root, { "a/0_mask.png": await picture("mask"), "b/1_mask_1.png": "" });
  const { manifest } = await listSource(folder(root, { exclude: /_mask/ }));
  expect(manifest.samples.map(({ id }) => id)).toEqual(["a/0.png", "a/1.png", "b/0.png", "b/1.png"]);
  const whole = await listSource(folder(root), { onBadImage: "skip" });
  expect(maskWarning(whole.manifest)).toEqual([
    "1 images are named like masks, such as a/0_mask.png; folder(path, { exclude: /_mask/ }) leaves them out",
  ]);
  await expect(listSource(folder(root, { exclude: "[" }))).rejects.toThrow(/the exclude pattern is not a regular/);
});

it("has a digest that follows the content and not the place", async () => {
  const [one, two] = [await temporaryFolder(), await temporaryFolder()];
  for (const root of [one, two]) await writeClassFolders(root, { a: 2, b: 2 });
  const [first, second] = [await listSource(folder(one)), await listSource(folder(two))];
  expect(second.manifest.digest).toBe(first.manifest.digest);
  await writeFiles(two, { "a/0.png": await picture("another") });
  expect((await listSource(folder(two))).manifest.digest).not.toBe(first.manifest.digest);
});

it("refuses what is no data set, in one clear line", async () => {
  const root = await temporaryFolder();
  await expect(listSource(folder(join(root, "nowhere")))).rejects.toThrow(/nowhere: no such folder/);
  await expect(listSource(folder(root))).rejects.toThrow(/no class folder; at least 2/);
  await writeClassFolders(root, { benign: 1 });
  await expect(listSource(folder(root))).rejects.toThrow(/one class folder only, "benign"/);
  await mkdir(join(root, "malignant"));
  await expect(listSource(folder(root))).rejects.toThrow(/malignant: it holds no image/);
});

/** A folder in which each kind of broken image stands once, among good ones. */
async function brokenFolder(): Promise<string> {
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 3, b: 3 });
  const raw = { width: 64, height: 64, channels: 3 } as const;
  const large = await sharp(noisePixels(1, 64, 64), { raw })
    .png()
    .toBuffer();
  const jpeg = await sharp(noisePixels(1, 64, 64), { raw })
    .jpeg()
    .toBuffer();
  const blank = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "black" }, limitInputPixels: false })
      .png()
      .toBuffer();
  const frames = { width: 16, height: 32, channels: 3, pageHeight: 16 } as const;
  await writeFiles(root, {
    "a/truncated.png": large.subarray(0, large.length / 2),
    "a/truncated.jpg": jpeg.subarray(0, jpeg.length / 2),
    "a/zero.png": "",
    "a/text.png": "This is a text.\n",
    "a/windows.bmp": bitmap(noisePixels(3, 16, 16), 16, 16).subarray(0, 200),
    "a/one.png": await blank(1, 1),
    "a/wide.png": await blank(20_000, 16),
    "a/bomb.png": await blank(10_001, 10_000),
    "a/extension.png": jpeg,
    "b/animated.gif": await sharp(noisePixels(2, 16, 32), { raw: frames })
      .gif()
      .toBuffer(),
  });
  await mkdir(join(root, "a/folder.png"));
  await symlink("nothing.png", join(root, "b/link.png"));
  return root;
}

const REASONS = [
  /a\/bomb\.png: 10001 x 10000 pixels; at most 100 million/,
  /a\/extension\.png: named \.png, but its bytes are jpeg/,
  /a\/folder\.png: a folder, not a file/,
  /a\/one\.png: 1 x 1 pixels; each side must have at least 8/,
  /a\/text\.png: not an image: text/,
  /a\/truncated\.jpg: cannot be decoded: truncated/,
  /a\/truncated\.png: cannot be decoded: truncated/,
  /a\/wide\.png: 20000 x 16 pixels; no side may have more than 16384/,
  /a\/windows\.bmp: cannot be decoded: damaged or truncated/,
  /a\/zero\.png: empty: 0 bytes/,
  /b\/animated\.gif: animated or with several pages \(2\)/,
  /b\/link\.png: a symbolic link to nothing/,
];

it("lists all broken images with their reasons in one error", async () => {
  const error = await listSource(folder(await brokenFolder())).then(
    () => "no error",
    (caught: unknown) => String(caught),
  );
  expect(error).toMatch(/12 images cannot be used/);
  for (const reason of REASONS) expect(error).toMatch(reason);
});

it("leaves broken images out and records them where the experiment says so", async () => {
  const { manifest } = await listSource(folder(await brokenFolder()), { onBadImage: "skip" });
  expect(manifest.samples).toHaveLength(6);
  expect(manifest.skipped.map(({ id, reason }) => `${id}: ${reason}`)).toHaveLength(REASONS.length);
  manifest.skipped.forEach(({ id, reason }, i) => expect(`${id}: ${reason}`).toMatch(REASONS[i]!));
});

it("refuses a class of which no image is left", async () => {
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 2 });
  await writeFiles(root, { "b/x.png": "" });
  await expect(listSource(folder(root), { onBadImage: "skip" })).rejects.toThrow(/no usable image of "b"/);
});

it.skipIf(process.getuid?.() !== 0)(
  "lists files that this user may not read (needs root to become another user)",
  async () => {
    const root = await temporaryFolder();
    await chmod(root, 0o755);
    await writeClassFolders(root, { a: 2, b: 2 });
    await chmod(join(root, "a/1.png"), 0o600);
    process.seteuid!(65_534); // nobody
    try {
      await expect(listSource(folder(root))).rejects.toThrow(/a\/1\.png: this user may not read it/);
    } finally {
      process.seteuid!(0);
    }
  },
);

it("follows links inside the root only", async () => {
  const [root, outside] = [await temporaryFolder(), await temporaryFolder()];
  await writeClassFolders(root, { a: 1, b: 1 });
  await writeFile(join(outside, "x.png"), await picture("outside"));
  await symlink("0.png", join(root, "a/inside.png"));
  await symlink(join(outside, "x.png"), join(root, "a/outside.png"));
  const { manifest } = await listSource(folder(root), { onBadImage: "skip" });
  expect(manifest.samples.map(({ id }) => id)).toContain("a/inside.png");
  expect(manifest.skipped).toEqual([{ id: "a/outside.png", reason: "a symbolic link that leaves the data's folder" }]);
  await symlink(outside, join(root, "c"));
  await expect(listSource(folder(root))).rejects.toThrow(/class folder .*c: a symbolic link that leaves/);
});

/** A Windows bitmap of 24 bits. @param rgb uint8 [rows, widthPx, 3] @param heightPx negative: the rows go from top to bottom */
function bitmap(rgb: Uint8Array, widthPx: number, heightPx: number): Buffer {
  const rows = Math.abs(heightPx);
  const stride = Math.ceil((widthPx * 3) / 4) * 4;
  const file = Buffer.alloc(54 + stride * rows);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(widthPx, 18);
  file.writeInt32LE(heightPx, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let at = 0; at < rows * widthPx; at++) {
    const [x, y] = [at % widthPx, Math.floor(at / widthPx)];
    const line = heightPx < 0 ? y : rows - 1 - y;
    const [red = 0, green = 0, blue = 0] = rgb.subarray(at * 3, at * 3 + 3);
    file.set([blue, green, red], 54 + line * stride + x * 3);
  }
  return file;
}

/** Red and green above, blue and grey below: 16 x 12 pixels. */
const QUARTERS = [
  [200, 30, 40],
  [20, 190, 60],
  [30, 50, 180],
  [120, 120, 120],
] as const;

function quarters(): Buffer {
  const pixels = Array.from({ length: 16 * 12 }, (_, i) => QUARTERS[(i % 16 < 8 ? 0 : 1) + (i < 16 * 6 ? 0 : 2)]!);
  return Buffer.from(pixels.flat());
}

/** Order of the quarters in a file with EXIF orientation 6, which is shown turned clockwise: left side up. */
const TURNED = [2, 0, 3, 1];

it("decodes every kind of image to upright 8-bit RGB, pixel by pixel", async () => {
  const root = await temporaryFolder();
  const raw = { width: 16, height: 12, channels: 3 } as const;
  const source = () => sharp(quarters(), { raw });
  const greys = Buffer.from(Array.from({ length: 16 * 12 }, (_, i) => quarters()[i * 3 + 1]!)); // their green
  const jpeg = { quality: 100, chromaSubsampling: "4:4:4" };
  await writeFiles(root, {
    "a/alpha.png": await source().ensureAlpha(0.5).png().toBuffer(),
    "a/plain.png": await source().png().toBuffer(),
    "a/plain.jpg": await source().jpeg(jpeg).toBuffer(),
    "a/palette.png": await source().png({ palette: true, colours: 4, dither: 0 }).toBuffer(),
    "a/grey.png": await sharp(greys, { raw: { ...raw, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer(),
    "a/grey16.png": await sharp(
      Uint16Array.from(greys, (value) => value * 257),
      { raw: { ...raw, channels: 1 } },
    )
      .toColourspace("grey16")
      .png()
      .toBuffer(),
    "a/rgb16.png": await source().toColourspace("rgb16").png().toBuffer(),
    "a/cmyk.jpg": await source().toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer(),
    "a/turned.jpg": await source().withMetadata({ orientation: 6 }).jpeg(jpeg).toBuffer(),
    "a/plain.bmp": bitmap(quarters(), 16, 12),
    "a/top-down.bmp": bitmap(quarters(), 16, -12),
    "b/lossless.webp": await source().webp({ lossless: true }).toBuffer(),
    "b/plain.tiff": await source().tiff({ compression: "lzw" }).toBuffer(),
    "b/rgb16.tiff": await source().toColourspace("rgb16").tiff({ compression: "none" }).toBuffer(),
  });
  const { manifest, decode } = await listSource(folder(root));
  expect(manifest.samples).toHaveLength(14);
  for (const [i, { id }] of manifest.samples.entries()) {
    const { data, widthPx, heightPx } = await decode(i);
    const turned = id === "a/turned.jpg";
    expect([widthPx, heightPx], id).toEqual(turned ? [12, 16] : [16, 12]);
    const lossy = id.includes("cmyk") ? 70 : /jpg/.test(id) ? 4 : 0; // inks cannot print that green; inverted, it would be farther
    for (let at = 0; at < widthPx * heightPx; at++) {
      const [x, y] = [at % widthPx, Math.floor(at / widthPx)];
      const place = (x < widthPx / 2 ? 0 : 1) + (y < heightPx / 2 ? 0 : 2);
      const colour = QUARTERS[turned ? TURNED[place]! : place]!;
      const expected = id.includes("grey") ? [colour[1], colour[1], colour[1]] : colour;
      const farthest = Math.max(...expected.map((value, k) => Math.abs(value - data[at * 3 + k]!)));
      expect(farthest, `${id} at ${x}, ${y}: ${String(data.subarray(at * 3, at * 3 + 3))}`).toBeLessThanOrEqual(lossy);
    }
  }
});

it("reports an image that vanishes between listing and decoding", async () => {
  const root = await temporaryFolder();
  await writeClassFolders(root, { a: 2, b: 2 });
  const { decode } = await listSource(folder(root));
  await rm(join(root, "a/1.png"));
  await expect(decode(1)).rejects.toThrow(/no such file/);
});
