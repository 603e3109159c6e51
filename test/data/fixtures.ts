// Small data sets for the tests of core/data: image files, .npz archives, and a resizer without the engine's kernels.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { zipSync } from "fflate";
import sharp from "sharp";
import { onTestFinished } from "vitest";
import { stream } from "../../core/random.ts";
import { writePreparedFile } from "../../core/data/prepared-file.ts";
import type { ImageSize, Manifest, Prepared, Sample, Split, SplitPart } from "../../core/data/sample.ts";

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "lockstep-data-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** EXP_HOME is a new folder until the test is finished. */
export async function temporaryHome(): Promise<string> {
  const home = await temporaryFolder();
  const before = process.env["EXP_HOME"];
  process.env["EXP_HOME"] = home;
  onTestFinished(() => {
    if (before === undefined) delete process.env["EXP_HOME"];
    else process.env["EXP_HOME"] = before;
  });
  return home;
}

/** Random pixels, uint8 RGB. */
export function noisePixels(name: string | number, widthPx: number, heightPx: number): Uint8Array {
  const draw = stream(0, "test-pixels", name);
  return Uint8Array.from({ length: widthPx * heightPx * 3 }, () => draw.integer(256));
}

/** A picture with slopes, edges and grain, the same as `formula` in test/golden/pixel-ops.py. @param shiftPx another one */
export function formulaImage(widthPx: number, heightPx: number, shiftPx = 0): Uint8Array {
  const image = new Uint8ClampedArray(widthPx * heightPx * 3);
  for (let y = 0, i = 0; y < heightPx; y++)
    for (let x = shiftPx; x < widthPx + shiftPx; x++)
      for (let c = 0; c < 3; c++, i++) {
        const slope = Math.floor((Math.abs(((3 * x + 2 * y + 40 * c) % 510) - 255) * 3) / 4);
        const edges = ((Math.floor(x / 16) + Math.floor(y / 32)) % 2) * 60;
        image[i] = slope + edges + ((131 * x + 197 * y + 71 * c + 13 * ((x * y) % 251)) % 41) - 20;
      }
  return Uint8Array.from(image);
}

/** Blurred random pixels as a PNG: a picture with structure, different for each name. */
export function picture(name: string | number, widthPx = 40, heightPx = 32): Promise<Buffer> {
  const raw = { width: 6, height: 5, channels: 3 } as const;
  return sharp(noisePixels(name, 6, 5), { raw })
    .resize(widthPx, heightPx, { fit: "fill" })
    .png()
    .toBuffer();
}

/** Writes files by their path inside the folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** Class folders with different pictures: { benign: 6 } makes benign/0.png … benign/5.png. */
export async function writeClassFolders(folder: string, counts: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, count] of Object.entries(counts))
    for (let i = 0; i < count; i++) await writeFiles(folder, { [`${name}/${i}.png`]: await picture(`${name}/${i}`) });
}

/** An .npy array. @param descr numpy's type, such as "|u1" */
export function npyBytes(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const header = `${text.padEnd(117)}\n`; // 10 + 118 = 128 bytes
  const bytes = Buffer.alloc(10 + header.length + data.length);
  Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]).copy(bytes);
  bytes.write(header, 10, "latin1");
  bytes.set(data, 10 + header.length);
  return bytes;
}

export function npzBytes(members: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(members).map(([name, bytes]) => [`${name}.npy`, bytes])));
}

/** A manifest without images, for what needs labels and groups only. */
export function manifestOf(
  samples: readonly (Partial<Sample> & { readonly label: number })[],
  classes = ["a", "b"],
): Manifest {
  const full = samples.map((sample, i) => {
    const id = sample.id ?? `sample-${String(i).padStart(5, "0")}`;
    const sha256 = sample.sha256 ?? Buffer.from(id.padStart(32, ".")).toString("hex");
    return { group: null, widthPx: 8, heightPx: 8, officialPart: null, ...sample, id, sha256 };
  });
  return { digest: "0".repeat(64), name: "test", simulated: false, classes, samples: full, skipped: [] };
}

/** A set with random labels and groups, and the same with one image more, alone or in a group that is there. */
export function grown(wish: {
  readonly count: number;
  readonly largestGroup: number;
  readonly seed: number;
  readonly alone: boolean;
}): readonly [Manifest, Manifest] {
  const draw = stream(wish.seed, "test-groups");
  const samples: { label: number; group: string | null }[] = [];
  for (let patient = 0; samples.length < wish.count; patient++) {
    const size = Math.min(1 + draw.integer(wish.largestGroup), wish.count - samples.length);
    const group = size === 1 ? null : `patient ${patient}`;
    for (let i = 0; i < size; i++) samples.push({ label: draw.integer(3) === 0 ? 1 : 0, group });
  }
  const group = wish.alone ? null : (samples[draw.integer(samples.length)]?.group ?? null);
  return [manifestOf(samples), manifestOf([...samples, { label: draw.integer(2), group }])];
}

/** Part by sample id. */
export function partsById({ samples }: Manifest, split: Split): Map<string, SplitPart> {
  const parts = (["train", "val", "test"] as const).flatMap((part) =>
    split[part].map((index) => [samples[index]!.id, part] as const),
  );
  return new Map(parts);
}

/** Prepared images of the given sizes, for what never looks at their pixels. */
export function preparedOf(sizes: readonly (readonly [number, number])[]): Prepared {
  const images = sizes.map(([widthPx, heightPx]) => ({ offset: 0, widthPx, heightPx }));
  return { digest: "0".repeat(64), file: -1, images };
}

/** Prepared images of the given pixels, uint8 RGB, in a file that is open and no longer in any folder. */
export async function preparedFrom(
  pictures: readonly (ImageSize & { readonly pixels: ArrayLike<number> })[],
): Promise<Prepared> {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-prepared-"));
  try {
    return await writePreparedFile(join(folder, "test.images"), pictures, async (write) => {
      for (const [i, { pixels }] of pictures.entries()) await write(i, Uint8Array.from(pixels));
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
