// Published data sets: where they are, how large, whose, under which licence, and the checksum that their authors publish.
// MedMNIST v2 and MedMNIST+ (record 10519652 of Zenodo); md5 and class names as in the info.py of the medmnist package.
import type { CatalogueName, CatalogueSize, Source } from "./source.ts";

export interface CatalogueEntry {
  readonly title: string;
  readonly licence: string;
  readonly citation: string;
  readonly images: number;
  /** Start of the file's name. */
  readonly flag: string;
  /** Of the file, by image size. */
  readonly md5: Readonly<Record<CatalogueSize, string>>;
}

/** Where the files are; EXP_DATA_URL names a mirror instead. */
const MEDMNIST_URL = "https://zenodo.org/records/10519652/files";
const MEDMNIST = {
  licence: "CC BY 4.0",
  citation: "Yang et al., MedMNIST v2, Scientific Data 10:41 (2023)",
};

export const catalogue: Readonly<Record<CatalogueName, CatalogueEntry>> = {
  breastMnist: {
    ...MEDMNIST,
    title: "BreastMNIST: breast ultrasound, malignant or not",
    images: 780,
    flag: "breastmnist",
    md5: {
      28: "750601b1f35ba3300ea97c75c52ff8f6",
      64: "742edef2a1fd1524b2efff4bd7ba9364",
      128: "363e4b3f8d712e9b5de15470a2aaadf1",
      224: "b56378a6eefa9fed602bb16d192d4c8b",
    },
  },
  pneumoniaMnist: {
    ...MEDMNIST,
    title: "PneumoniaMNIST: chest X-rays of children, normal or pneumonia",
    images: 5856,
    flag: "pneumoniamnist",
    md5: {
      28: "28209eda62fecd6e6a2d98b1501bb15f",
      64: "8f4eceb4ccffa70c672198ea285246c6",
      128: "05b46931834c231683c68f40c47b2971",
      224: "d6a3c71de1b945ea11211b03746c1fe1",
    },
  },
  pathMnist: {
    ...MEDMNIST,
    title: "PathMNIST: patches of colon pathology, nine tissues",
    images: 107_180,
    flag: "pathmnist",
    md5: {
      28: "a8b06965200029087d5bd730944a56c1",
      64: "55aa9c1e0525abe5a6b9d8343a507616",
      128: "ac42d08fb904d92c244187169d1fd1d9",
      224: "2c51a510bcdc9cf8ddb2af93af1eadec",
    },
  },
};

/** 437 benign, 210 malignant, 133 normal, of about 500 x 500 pixels; masks are not counted. */
const BUSI = {
  title: "BUSI: breast ultrasound, benign, malignant or normal",
  images: 780,
  licence: "CC BY 4.0",
  citation: "Al-Dhabyani et al., Dataset of breast ultrasound images, Data in Brief 28:104863 (2020)",
};
const BUSI_URL = "https://scholar.cu.edu.eg";
export const BUSI_FILE = "Dataset_BUSI.zip";

/** Whose the published sets of a source are, one line each. @example "BreastMNIST: …, 780 images, CC BY 4.0; cite Yang et al., …" */
export function creditsOf(source: Source): string[] {
  if (source.kind === "parts") return [source.train, source.val, source.test].flatMap(creditsOf);
  if (source.kind !== "catalogue" && source.kind !== "busi") return [];
  const { title, images, licence, citation } = source.kind === "busi" ? BUSI : catalogue[source.name];
  return [`${title}, ${images.toLocaleString("en")} images, ${licence}; cite ${citation}`];
}

/** File name of an entry at an image size, here and on the server. */
export function catalogueFileName(name: CatalogueName, sizePx: CatalogueSize): string {
  const { flag } = catalogue[name];
  return sizePx === 28 ? `${flag}.npz` : `${flag}_${sizePx}.npz`;
}

export function catalogueUrl(fileName: string): string {
  return urlAt(MEDMNIST_URL, fileName);
}

export function busiUrl(): string {
  return urlAt(BUSI_URL, BUSI_FILE);
}

function urlAt(publisher: string, fileName: string): string {
  const base = process.env["EXP_DATA_URL"] ?? publisher;
  return `${base.replace(/\/+$/, "")}/${fileName}`;
}
