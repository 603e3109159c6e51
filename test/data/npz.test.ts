import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { listSource } from "../../core/data/list.ts";
import { splitSamples } from "../../core/data/split.ts";
import { npz, sourceFromPath } from "../../core/data/source.ts";
import { readNpy } from "../../core/data/sources/npy.ts";
import { npyBytes, npzBytes, temporaryFolder, temporaryHome, writeFiles } from "./fixtures.ts";

beforeEach(async () => {
  await temporaryHome();
});

const bytes = (count: number, first = 0): Uint8Array => Uint8Array.from({ length: count }, (_, i) => (first + i) % 256);
const images = (count: number): Uint8Array => npyBytes("|u1", [count, 2, 3], bytes(count * 6));

async function npzFile(members: Readonly<Record<string, Uint8Array>>, name = "data.npz"): Promise<string> {
  const folder = await temporaryFolder();
  await writeFiles(folder, { [name]: npzBytes(members) });
  return join(folder, name);
}

const small = {
  train_images: images(3),
  train_labels: npyBytes("|u1", [3, 1], Uint8Array.from([0, 1, 1])),
  test_images: images(2),
  test_labels: npyBytes("<i8", [2], new Uint8Array(new BigInt64Array([1n, 0n]).buffer)),
};

describe("a MedMNIST file", () => {
  it("gives samples by part and index, with the official parts", async () => {
    const { manifest, decode } = await listSource(npz(await npzFile(small)));
    expect(manifest.samples.map(({ id, label, officialPart }) => [id, label, officialPart])).toEqual([
      ["test/0", 1, "test"],
      ["test/1", 0, "test"],
      ["train/0", 0, "train"],
      ["train/1", 1, "train"],
      ["train/2", 1, "train"],
    ]);
    expect(manifest.classes).toEqual(["class 0", "class 1"]);
    const { data, widthPx, heightPx } = await decode(3); // grey 6 … 11, repeated to RGB
    expect([widthPx, heightPx]).toEqual([3, 2]);
    expect([...data]).toEqual([6, 7, 8, 9, 10, 11].flatMap((grey) => [grey, grey, grey]));
  });

  it("keeps RGB as it is", async () => {
    const rgb = npyBytes("|u1", [2, 1, 2, 3], bytes(12));
    const labels = npyBytes("|u1", [2], Uint8Array.from([0, 1]));
    const { decode } = await listSource(npz(await npzFile({ train_images: rgb, train_labels: labels })));
    expect([...(await decode(1)).data]).toEqual([6, 7, 8, 9, 10, 11]);
  });

  it("has the class names that are given, or that its name tells", async () => {
    const named = await listSource(npz(await npzFile(small), { classes: ["no", "yes"] }));
    expect(named.manifest.classes).toEqual(["no", "yes"]);
    const known = await listSource(npz(await npzFile(small, "breastmnist_64.npz")));
    expect(known.manifest.classes).toEqual(["malignant", "normal or benign"]);
  });

  it.each([
    ["no such file", () => npz("nowhere.npz"), /nowhere\.npz: no such file/],
    [
      "labels of another length",
      async () => npz(await npzFile({ ...small, train_labels: small.test_labels })),
      /train_labels: shape \(2\), expected \(3,\) or \(3, 1\)/,
    ],
    [
      "images of one dimension",
      async () => npz(await npzFile({ ...small, train_images: npyBytes("|u1", [18], bytes(18)) })),
      /train_images: shape \(18\), expected uint8 of \(n, h, w\)/,
    ],
    [
      "images of floats",
      async () => npz(await npzFile({ ...small, train_images: npyBytes("<f4", [3, 2, 3], bytes(72)) })),
      /numbers are of type "<f4"/,
    ],
    [
      "images without labels",
      async () => npz(await npzFile({ train_images: small.train_images })),
      /train_images is there, train_labels is not/,
    ],
    ["other members", async () => npz(await npzFile({ x: small.train_images })), /expected train_images, train_labels/],
    ["too few class names", async () => npz(await npzFile(small), { classes: ["one"] }), /1 class names were given/],
  ] as const)("is refused with %s", async (_, source, message) => {
    await expect(Promise.resolve(source()).then((made) => listSource(made))).rejects.toThrow(message);
  });

  it("is refused where it is no archive", async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { "x.npz": "text" });
    await expect(listSource(npz(join(folder, "x.npz")))).rejects.toThrow(/not an \.npz archive/);
  });
});

it("an .npy array that ends early is refused", () => {
  expect(() => readNpy(npyBytes("|u1", [9], bytes(5)), "x.npy")).toThrow(
    /x\.npy: truncated: 5 bytes of data, expected 9/,
  );
});

const BREAST_MNIST = "../shared/data/breastmnist/breastmnist.npz";
it.skipIf(!existsSync(BREAST_MNIST))(
  "BreastMNIST keeps its official split (skipped where the file is absent)",
  async () => {
    const { manifest } = await listSource(sourceFromPath(BREAST_MNIST));
    const split = splitSamples(manifest, { train: 0.7, val: 0.15, test: 0.15, seed: 0 });
    expect([split.train.length, split.val.length, split.test.length]).toEqual([546, 78, 156]);
    const malignant = split.train.filter((index) => manifest.samples[index]!.label === 0);
    expect([manifest.classes[0], malignant.length]).toEqual(["malignant", 147]);
  },
);
