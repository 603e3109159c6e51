// Which code makes the bits: a digest for each file of data, model, engine and training, and one over all of them. The command line,
// the store and the dashboard are left out, since a run does not change when they do.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashOf } from "../experiment/index.ts";

export interface CodeState {
  /** 64 hex digits. */
  readonly digest: string;
  /** sha256 by path below the package's root. */
  readonly files: Readonly<Record<string, string>>;
}

/** Folder that holds Lockstep's package.json. */
export const packageRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const FOLDERS = ["core/data", "core/model", "core/engine", "core/train"];
const FILES = ["core/random.ts", "core/exact-math.ts"];
const CODE = /\.(ts|mjs|c|h|wasm|node|proto)$/;

let known: CodeState | null = null;

/** Read once in a process: what was loaded is what counts, whatever is edited while it runs. */
export function readCodeState(): CodeState {
  known ??= read();
  return known;
}

/** All files of code, by path, for a bundle's snapshot. */
export function listCodeFiles(): string[] {
  return [...FOLDERS.flatMap(walk), ...FILES].filter((path) => existsSync(join(packageRoot, path))).sort();
}

export function fileSha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Digest of package-lock.json beside our package.json, or null where it is installed without one. */
export function lockfileSha256(): string | null {
  const path = join(packageRoot, "package-lock.json");
  return existsSync(path) ? fileSha256(path) : null;
}

function read(): CodeState {
  const files = Object.fromEntries(listCodeFiles().map((path) => [path, fileSha256(join(packageRoot, path))]));
  return { digest: hashOf(files), files };
}

function walk(folder: string): string[] {
  const absolute = join(packageRoot, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() && CODE.test(entry.name) ? [path] : [];
  });
}
