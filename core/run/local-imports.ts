// The text of an experiment file and of every local file that it imports, so that the run can be read, and rebuilt, later.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

export interface SourceFile {
  /** Relative to the experiment file's folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const LIMIT_FILES = 200;
const LIMIT_BYTES = 1024 * 1024;
/** `from "./x"`, `import "./x"`, `import("./x")`, `require("./x")`: relative specifiers alone. */
const SPECIFIER = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"']*)["']/g;

/** The experiment file first, then what it imports, in order of discovery; our own package's files are left out. */
export function readLocalSources(file: string, packageRoot: string): SourceFile[] {
  const own = join(packageRoot, "core") + sep;
  const found = new Map<string, string>();
  const queue = [file];
  let bytes = 0;
  for (let next = queue.shift(); next !== undefined && found.size < LIMIT_FILES; next = queue.shift()) {
    if (found.has(next) || next.startsWith(own)) continue;
    const text = readFileSync(next, "utf8");
    bytes += text.length;
    if (bytes > LIMIT_BYTES) break;
    found.set(next, text);
    queue.push(...importsOf(text, dirname(next)));
  }
  return [...found].map(([path, text]) => ({ path: relative(dirname(file), path).split(sep).join("/"), text }));
}

function importsOf(text: string, folder: string): string[] {
  return [...text.matchAll(SPECIFIER)].flatMap(([, specifier = ""]) => resolveFile(resolve(folder, specifier)));
}

/** What TypeScript would take: the file itself, with an extension, .ts for .js, or the folder's index. */
function resolveFile(path: string): string[] {
  const candidates = [
    path,
    path.replace(/\.js$/, ".ts"),
    ...[".ts", ".mts", ".tsx", ".mjs", ".js", ".json", "/index.ts", "/index.js"].map((ending) => path + ending),
  ];
  return candidates.filter((candidate) => existsSync(candidate) && statSync(candidate).isFile()).slice(0, 1);
}
