// Lockstep's own TypeScript as a few files of JavaScript (made by compile.mjs), kept in node_modules/.cache and made anew whenever a
// source has changed: loading hundreds of files one by one takes most of a second.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * @typedef {{ core: string, main: string, index: string }} Entries URLs of what core/, core/cli/main.ts and core/index.ts became
 * @typedef {{ root: string, folder: string, inputs: Record<string, string> }} Current
 *   root: where it was compiled, since sources' own URLs are in it; folder: below the cache; inputs: marks by path below the root
 */

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules", ".cache", "lockstep");
export const place = {
  root,
  cache,
  current: join(cache, "current.json"),
  markOf,
  folderOf: (/** @type {string} */ name) => join(cache, name),
};

/** @returns {Promise<Entries | null>} null where it cannot be compiled: the folder is not ours to write, or a source is wrong, as tsx will say */
export async function compiledEntries() {
  const name = currentFolder() ?? (await compileAnew());
  if (name === null) return null;
  const folder = place.folderOf(name);
  noteUse(folder);
  const core = pathToFileURL(join(folder, "/")).href;
  return { core, main: new URL("cli/main.js", core).href, index: new URL("index.js", core).href };
}

/** @returns {string | null} null where there is none, or a source is not what was compiled */
function currentFolder() {
  try {
    /** @type {Current} */
    const current = JSON.parse(readFileSync(place.current, "utf8"));
    if (current.root !== root) return null;
    return Object.entries(current.inputs).every(([path, mark]) => markOf(path) === mark) ? current.folder : null;
  } catch {
    return null;
  }
}

async function compileAnew() {
  try {
    const { compile } = await import("./compile.mjs");
    return await compile(place);
  } catch {
    return null;
  }
}

/**
 * Changes with every write, whatever time the file is then given. @param {string} path below the root
 * @returns {string} "" where there is no such file
 */
function markOf(path) {
  const stat = statSync(join(root, path), { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

/** Parts are loaded when they are needed: a folder stays while a process that started from it lives. @param {string} folder */
function noteUse(folder) {
  try {
    const note = join(folder, "used-by", String(process.pid));
    mkdirSync(dirname(note), { recursive: true });
    writeFileSync(note, "");
    process.on("exit", () => rmSync(note, { force: true }));
  } catch {
    // not ours to write: nobody removes it either
  }
}
