// MedMNIST's .npz: {train,val,test}_images uint8 [N,H,W] or [N,H,W,3] and {train,val,test}_labels (n,) or (n,1), whole numbers.
// The parts are official and kept; sample ids are "train/17".
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { unzipSync } from "fflate";
import { LockstepError } from "../../errors.ts";
import type { Candidate, SourceContents } from "../candidate.ts";
import { pixelSha256, repeatGrey } from "../image-file.ts";
import { perceptualHash } from "../perceptual-hash.ts";
import type { SplitPart } from "../sample.ts";
import { sha256Of } from "../sha256.ts";
import type { NpzSource } from "../source.ts";
import { readNpy } from "./npy.ts";

const PARTS: readonly SplitPart[] = ["train", "val", "test"];

/** One part of the file. */
interface PartArrays {
  readonly part: SplitPart;
  /** uint8 [count, heightPx, widthPx, channels] */
  readonly images: Uint8Array;
  readonly count: number;
  readonly heightPx: number;
  readonly widthPx: number;
  readonly channels: number;
  readonly labels: readonly number[];
}

export async function readNpz(source: NpzSource): Promise<SourceContents> {
  const path = resolve(source.path);
  const bytes = await readFile(path).catch((cause: unknown) => {
    const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : String(cause);
    throw invalid(path, reason, cause);
  });
  return npzContents(bytes, { ...source, path });
}

/** The contents of a file that was read already. */
export function npzContents(bytes: Uint8Array, { path, classes }: Pick<NpzSource, "path" | "classes">): SourceContents {
  const members = unzip(bytes, path);
  const found = PARTS.filter((part) => members[`${part}_images.npy`] !== undefined);
  if (found.length === 0) {
    const names = Object.keys(members).join(", ") || "nothing";
    throw invalid(path, `it holds ${names}; expected train_images, train_labels and the same for val and test`);
  }
  const parts = found.map((part) => readPart(members, part, path));
  const highest = parts.reduce((most, { labels }) => labels.reduce((a, b) => Math.max(a, b), most), 0);
  const names = classNames(highest + 1, path, classes);
  return { name: path, simulated: false, classes: names, candidates: parts.flatMap(candidatesOf) };
}

function unzip(bytes: Uint8Array, path: string): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter: ({ name }) => /^(train|val|test)_(images|labels)\.npy$/.test(name) });
  } catch (cause) {
    throw invalid(path, "not an .npz archive, or it is damaged", cause);
  }
}

function readPart(members: Record<string, Uint8Array>, part: SplitPart, path: string): PartArrays {
  const where = (name: string): string => `${path}: ${part}_${name}`;
  const labelBytes = members[`${part}_labels.npy`];
  if (labelBytes === undefined) throw invalid(path, `${part}_images is there, ${part}_labels is not`);
  const { shape, values } = readNpy(members[`${part}_images.npy`] as Uint8Array, where("images"));
  const labels = readNpy(labelBytes, where("labels"));
  const [count = 0, heightPx = 0, widthPx = 0, channels = 1] = shape;
  const imageShape = (shape.length === 3 || (shape.length === 4 && channels === 3)) && heightPx > 0 && widthPx > 0;
  if (!imageShape || !(values instanceof Uint8Array))
    throw invalid(where("images"), `shape (${shape.join(", ")}), expected uint8 of (n, h, w) or (n, h, w, 3)`);
  const flat = labels.shape.length === 1 || (labels.shape.length === 2 && labels.shape[1] === 1);
  if (!flat || labels.shape[0] !== count)
    throw invalid(where("labels"), `shape (${labels.shape.join(", ")}), expected (${count},) or (${count}, 1)`);
  const numbers = Array.from(labels.values);
  const wrong = numbers.find((label) => label < 0 || label > 65_535);
  if (wrong !== undefined) throw invalid(where("labels"), `label ${wrong}, expected 0, 1, 2, …`);
  return { part, images: values, count, heightPx, widthPx, channels, labels: numbers };
}

function candidatesOf({ part, images, count, heightPx, widthPx, channels, labels }: PartArrays): Candidate[] {
  const size = heightPx * widthPx * channels;
  return Array.from({ length: count }, (_, i) => {
    const raw = images.subarray(i * size, (i + 1) * size);
    const decoded = () => ({ data: channels === 1 ? repeatGrey(raw) : raw, widthPx, heightPx });
    return {
      id: `${part}/${i}`,
      label: labels[i] as number,
      group: null,
      officialPart: part,
      inspect: async () => ({
        ...{ sha256: sha256Of(raw), widthPx, heightPx, format: "array", channels, bytes: size },
        ...{ pixelSha256: pixelSha256(decoded()), perceptualHash: perceptualHash(decoded()) },
      }),
      decode: async () => decoded(),
    };
  });
}

/** MedMNIST's own names where the file is known by its name; label 0 of BreastMNIST is malignant. */
const KNOWN_CLASSES: readonly { readonly pattern: RegExp; readonly classes: readonly string[] }[] = [
  { pattern: /breastmnist/i, classes: ["malignant", "normal or benign"] },
  { pattern: /pneumoniamnist/i, classes: ["normal", "pneumonia"] },
  {
    pattern: /pathmnist/i,
    classes: [
      ...["adipose", "background", "debris", "lymphocytes", "mucus", "smooth muscle", "normal colon mucosa"],
      ...["cancer-associated stroma", "colorectal adenocarcinoma epithelium"],
    ],
  },
];

function classNames(count: number, path: string, given: readonly string[] | null): readonly string[] {
  if (given !== null) {
    if (given.length === count || given.length > count) return given;
    throw invalid(path, `${given.length} class names were given, but its labels go up to ${count - 1}`);
  }
  const known = KNOWN_CLASSES.find(({ pattern, classes }) => pattern.test(basename(path)) && classes.length === count);
  return known?.classes ?? Array.from({ length: Math.max(2, count) }, (_, i) => `class ${i}`);
}

function invalid(where: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `${where}: ${what}`,
    next: "Give a file in MedMNIST's layout; exp data inspect FILE shows what it holds.",
    cause,
  });
}
