// What a source is: plain data that says where the images come from, made by the functions below, hashed and stored with a
// run. sources/*.ts read them; list.ts turns one into a manifest.
import { LockstepError } from "../errors.ts";

/** Folders of images, one a class; with train, val and test folders above them or without. */
export interface FolderSource {
  readonly kind: "folder";
  readonly path: string;
  /** Regular expression on the id, else on the file's name; its first group (or the match) names the patient. Null: every image for itself. */
  readonly group: string | null;
  /** Regular expression, matched as `group` is: images that are not of the set, such as masks. */
  readonly exclude?: string;
}

/** A MedMNIST file: uint8 images [N,H,W] or [N,H,W,3] and labels (n,) or (n,1) for train, val and test. */
export interface NpzSource {
  readonly kind: "npz";
  readonly path: string;
  /** Names of labels 0, 1, …; null: known by the file's name, else "class 0", "class 1", … */
  readonly classes: readonly string[] | null;
}

/** A table with a row for each image; columns are named by its first line. */
export interface CsvSource {
  readonly kind: "csv";
  readonly path: string;
  /** Folder that the paths are relative to; null: the table's own. */
  readonly root: string | null;
  readonly columns: CsvColumns;
}

export interface CsvColumns {
  readonly path: string;
  readonly label: string;
  readonly group: string | null;
  /** Column with train, val or test. */
  readonly split: string | null;
}

export type PhantomTask = "malignancy" | "texture";

/** Simulated breast ultrasound; named as such wherever a run is shown. */
export interface PhantomSource {
  readonly kind: "phantom";
  readonly task: PhantomTask;
  readonly samples: number;
  readonly sizePx: number;
  /** Share of each class, in the order of the task's classes; null: equal. */
  readonly balance: readonly number[] | null;
  /** 0: the signs of a class are always clear; 1: hardly ever. */
  readonly difficulty: number;
  readonly seed: number;
}

/** Three sources with the same classes, one a part. */
export interface PartsSource {
  readonly kind: "parts";
  readonly train: Source;
  readonly val: Source;
  readonly test: Source;
}

/** A published data set that is downloaded once and checked against its checksum. */
export interface CatalogueSource {
  readonly kind: "catalogue";
  readonly name: CatalogueName;
  readonly sizePx: CatalogueSize;
}

export type CatalogueName = "breastMnist" | "pneumoniaMnist" | "pathMnist";
export type CatalogueSize = 28 | 64 | 128 | 224;

/** A published archive without a publisher's checksum, held to that of its first download. */
export interface BusiSource {
  readonly kind: "busi";
}

export type Source = FolderSource | NpzSource | CsvSource | PhantomSource | PartsSource | CatalogueSource | BusiSource;

/** @example folder("images", { group: /^(\d+)_/ }) // patient 17 in "benign/17_a.png" */
export function folder(
  path: string,
  { group = null, exclude }: { group?: RegExp | string | null; exclude?: RegExp | string } = {},
): FolderSource {
  const source = { kind: "folder", path, group: group === null ? null : patternText("group", group) } as const;
  return exclude === undefined ? source : { ...source, exclude: patternText("exclude", exclude) };
}

/** @throws LockstepError where a flag would be lost */
function patternText(name: string, pattern: RegExp | string): string {
  if (typeof pattern === "string") return pattern;
  const { source, flags } = pattern;
  const lost = flags.replace(/[dguy]/g, "");
  if (lost === "") return source;
  throw new LockstepError({
    code: "experiment-invalid",
    message: `folder: the ${name} pattern /${source}/${flags} has the flag "${lost}", which is not kept`,
    next: "Write it without, for instance /[pP](\\d+)/ instead of /p(\\d+)/i.",
  });
}

/** @example npz("breastmnist.npz", { classes: ["malignant", "normal or benign"] }) */
export function npz(path: string, { classes = null }: { classes?: readonly string[] | null } = {}): NpzSource {
  return { kind: "npz", path, classes };
}

/** @example csv("images.csv", { root: "images", columns: { path: "file", label: "diagnosis", group: "patient" } }) */
export function csv(
  path: string,
  { root = null, columns = {} }: { root?: string | null; columns?: Partial<CsvColumns> } = {},
): CsvSource {
  const defaults: CsvColumns = { path: "path", label: "label", group: null, split: null };
  return { kind: "csv", path, root, columns: { ...defaults, ...columns } };
}

/** Difficulty at which a network has something to learn and a linear model of the pixels does not do. */
const DEFAULT_DIFFICULTY = 0.5;

/** @example phantom({ task: "malignancy", samples: 780, sizePx: 96 }) */
export function phantom(options: Partial<Omit<PhantomSource, "kind">> = {}): PhantomSource {
  const defaults = {
    task: "malignancy",
    samples: 780,
    sizePx: 96,
    balance: null,
    difficulty: DEFAULT_DIFFICULTY,
    seed: 0,
  };
  const source = { kind: "phantom", ...defaults, ...options } as PhantomSource;
  checkPhantom(source);
  return source;
}

/** @example parts({ train: folder("a/train"), val: folder("a/val"), test: folder("b") }) */
export function parts(sources: { train: Source; val: Source; test: Source }): PartsSource {
  return { kind: "parts", ...sources };
}

/** BreastMNIST (MedMNIST v2 and +): 780 breast ultrasound images, malignant or not, official split. CC BY 4.0. */
export function breastMnist({ sizePx = 28 }: { sizePx?: CatalogueSize } = {}): CatalogueSource {
  return { kind: "catalogue", name: "breastMnist", sizePx };
}

/** BUSI: 780 breast ultrasound images of about 500 px, benign, malignant or normal, no official split. CC BY 4.0. */
export function busi(): BusiSource {
  return { kind: "busi" };
}

/** PneumoniaMNIST: 5,856 chest X-rays, normal or pneumonia, official split. CC BY 4.0. */
export function pneumoniaMnist({ sizePx = 28 }: { sizePx?: CatalogueSize } = {}): CatalogueSource {
  return { kind: "catalogue", name: "pneumoniaMnist", sizePx };
}

/** PathMNIST: 107,180 patches of colon pathology, nine tissues, official split. CC BY 4.0. */
export function pathMnist({ sizePx = 28 }: { sizePx?: CatalogueSize } = {}): CatalogueSource {
  return { kind: "catalogue", name: "pathMnist", sizePx };
}

/** The source that a `--data` value means, by its name: an .npz file, a .csv or .tsv table, else a folder. */
export function sourceFromPath(path: string): Source {
  if (/\.npz$/i.test(path)) return npz(path);
  if (/\.(csv|tsv)$/i.test(path)) return csv(path);
  return folder(path);
}

function checkPhantom({ samples, sizePx, difficulty, task, balance }: PhantomSource): void {
  const whole = (name: string, value: number, least: number, most: number): string | null =>
    Number.isInteger(value) && value >= least && value <= most
      ? null
      : `${name} is ${value}, expected a whole number from ${least} to ${most}`;
  const classes = phantomClasses(task);
  const wrong =
    whole("samples", samples, classes.length, 1_000_000) ??
    whole("sizePx", sizePx, 32, 512) ??
    (difficulty >= 0 && difficulty <= 1 ? null : `difficulty is ${difficulty}, expected 0 to 1`) ??
    (balance === null || (balance.length === classes.length && balance.every((share) => share > 0))
      ? null
      : `balance has ${balance.length} shares, expected ${classes.length} above 0 (${classes.join(", ")})`);
  if (wrong === null) return;
  throw new LockstepError({ code: "data-invalid", message: `phantom: ${wrong}`, next: "Correct the experiment file." });
}

const ECHOTEXTURES = ["anechoic", "hypoechoic", "isoechoic", "hyperechoic"] as const;
const SHAPES = ["oval", "spiculated"] as const;

/** Class names of a task. */
export function phantomClasses(task: PhantomTask): readonly string[] {
  switch (task) {
    case "malignancy":
      return ["benign", "malignant"];
    case "texture":
      return ECHOTEXTURES.flatMap((echo) => SHAPES.map((shape) => `${echo}-${shape}`));
    default:
      throw new LockstepError({
        code: "data-invalid",
        message: `phantom: task is "${String(task)}", expected "malignancy" or "texture"`,
        next: "Correct the experiment file.",
      });
  }
}
