// Class folders (torchvision's ImageFolder): root/class/image, or root/train|val|test/class/image. A class folder is searched to
// any depth; hidden entries and files that are not named like images are passed over; symbolic links may not leave the root.
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { LockstepError } from "../../errors.ts";
import { BadImage, type Candidate, type SourceContents } from "../candidate.ts";
import { decodeImageFile, hasImageExtension, inspectImageFile } from "../image-file.ts";
import { compareCodeUnits } from "../order.ts";
import type { SplitPart } from "../sample.ts";
import type { FolderSource } from "../source.ts";

const PARTS: Readonly<Record<string, SplitPart>> = {
  train: "train",
  training: "train",
  val: "val",
  valid: "val",
  validation: "val",
  test: "test",
  testing: "test",
};

/** One class folder of one part. */
interface ClassFolder {
  readonly className: string;
  readonly part: SplitPart | null;
  readonly path: string;
}

export async function readFolder(source: FolderSource): Promise<SourceContents> {
  const root = resolve(source.path);
  const { group, exclude } = source;
  if (group !== null) checkPattern("group", group);
  if (exclude !== undefined) checkPattern("exclude", exclude);
  const folders = await classFolders(root);
  const classes = [...new Set(folders.map(({ className }) => className))].sort(compareCodeUnits);
  if (classes.length < 2) throw tooFewClasses(root, classes);
  const candidates: Candidate[] = [];
  for (const { className, part, path } of folders) {
    const found = await imageFiles(path, await realpath(root));
    const files = found.filter((file) => exclude === undefined || matchOf(idOf(file, root), exclude) === null);
    if (files.length === 0) throw emptyClass(path);
    const label = classes.indexOf(className);
    for (const file of files) candidates.push(candidateOf(file, { root, label, part, group }));
  }
  return { name: source.path, simulated: false, classes, candidates };
}

async function classFolders(root: string): Promise<ClassFolder[]> {
  const names = await subfolders(root);
  const parts = names.filter((name) => PARTS[name.toLowerCase()] !== undefined);
  const official = parts.length > 1 && parts.length === names.length;
  if (!official) return names.map((className) => ({ className, part: null, path: join(root, className) }));
  const perPart = parts.map(async (name) => {
    const part = PARTS[name.toLowerCase()] as SplitPart;
    const classNames = await subfolders(join(root, name));
    return classNames.map((className) => ({ className, part, path: join(root, name, className) }));
  });
  return (await Promise.all(perPart)).flat();
}

async function subfolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".") || hasImageExtension(entry.name)) continue;
    const inner = join(path, entry.name);
    if ((await stat(inner).catch(() => null))?.isDirectory() !== true) continue;
    if (entry.isSymbolicLink()) await checkInside(inner, path);
    names.push(entry.name);
  }
  return names.sort(compareCodeUnits);
}

/** @throws LockstepError where the link leads out of the folder that it is in */
async function checkInside(link: string, folder: string): Promise<void> {
  if ((await realpath(link)).startsWith((await realpath(folder)) + sep)) return;
  throw new LockstepError({
    code: "data-invalid",
    message: `class folder ${link}: a symbolic link that leaves the data's folder`,
    next: "Copy the images, or name the folder that the link leads to.",
  });
}

interface FoundFile {
  readonly path: string;
  /** Why it is no image, where that is known already. */
  readonly reason: string | null;
}

/** All files below `path` that are named like images, also those that will turn out not to be. */
async function imageFiles(path: string, realRoot: string): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const inner = join(path, entry.name);
    if (entry.isSymbolicLink()) found.push(...(await linked(inner, realRoot)));
    else if (entry.isDirectory() && !hasImageExtension(entry.name)) found.push(...(await imageFiles(inner, realRoot)));
    else if (hasImageExtension(entry.name)) found.push({ path: inner, reason: null });
  }
  return found;
}

/** A symbolic link to a file inside the root is that file; to a folder, it is not followed (it could lead in a circle). */
async function linked(path: string, realRoot: string): Promise<FoundFile[]> {
  if (!hasImageExtension(path)) return [];
  const target = await realpath(path).catch(() => null);
  if (target === null) return [{ path, reason: "a symbolic link to nothing" }];
  const inside = target.startsWith(realRoot + sep);
  return [{ path, reason: inside ? null : "a symbolic link that leaves the data's folder" }];
}

interface Place {
  readonly root: string;
  readonly label: number;
  readonly part: SplitPart | null;
  readonly group: string | null;
}

function candidateOf({ path, reason }: FoundFile, { root, label, part, group }: Place): Candidate {
  const id = idOf({ path }, root);
  const use = <T>(read: (path: string) => Promise<T>): Promise<T> =>
    reason === null ? read(path) : Promise.reject(new BadImage(reason));
  return {
    id,
    label,
    group: group === null ? null : groupOf(id, group),
    officialPart: part,
    inspect: (known) => use((file) => inspectImageFile(file, known)),
    decode: (sha256) => use((file) => decodeImageFile(file, sha256)),
  };
}

function idOf({ path }: Pick<FoundFile, "path">, root: string): string {
  return relative(root, path).split(sep).join("/");
}

function checkPattern(name: "group" | "exclude", pattern: string): void {
  try {
    new RegExp(pattern, "u");
  } catch (cause) {
    throw new LockstepError({
      code: "data-invalid",
      message: `folder: the ${name} pattern is not a regular expression: ${(cause as Error).message}`,
      next: `Correct \`${name}\`, for instance { ${name}: ${name === "group" ? "/^(\\d+)_/" : "/_mask/"} }.`,
      cause,
    });
  }
}

/** The pattern is tried on the path and, where that does not match, on the file's name: `^` may mean either beginning. */
function matchOf(id: string, pattern: string): RegExpExecArray | null {
  const expression = new RegExp(pattern, "u");
  return expression.exec(id) ?? expression.exec(id.slice(id.lastIndexOf("/") + 1));
}

function groupOf(id: string, pattern: string): string {
  const match = matchOf(id, pattern);
  if (match !== null) return match[1] ?? match[0];
  throw new LockstepError({
    code: "data-invalid",
    message: `folder: the group pattern /${pattern}/ does not match "${id}"`,
    next: "Every image needs a group: widen the pattern, for instance with an alternative that matches the whole path.",
  });
}

function unreadable(path: string, cause: unknown): LockstepError {
  const code = (cause as NodeJS.ErrnoException).code;
  const reason =
    code === "ENOENT" ? "no such folder" : code === "ENOTDIR" ? "not a folder" : `cannot be read (${code})`;
  return new LockstepError({
    code: "data-invalid",
    message: `data folder ${path}: ${reason}`,
    next: "Name a folder that holds one folder of images for each class.",
    cause,
  });
}

function tooFewClasses(root: string, classes: readonly string[]): LockstepError {
  const found = classes.length === 0 ? "no class folder" : `one class folder only, "${classes[0]}"`;
  return new LockstepError({
    code: "data-invalid",
    message: `data folder ${root}: ${found}; at least 2 were expected`,
    next: "Put the images of each class into a folder of its own: DIR/benign/…, DIR/malignant/….",
  });
}

function emptyClass(path: string): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `class folder ${path}: it holds no image (.png, .jpg, .webp, .tif, .gif, .avif, .bmp)`,
    next: "Put images into it or remove the folder.",
  });
}
