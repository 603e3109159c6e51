// Lockstep's own TypeScript as a few files of JavaScript (made by compile.mjs), made anew whenever a source has changed: Node does not
// read TypeScript in node_modules, and loading hundreds of files one by one takes most of a second. They are kept in node_modules/.cache;
// where that is not ours to write, in the user's cache; where that is not either, for this process alone.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

/**
 * @typedef {{ core: string, main: string, index: string }} Entries URLs of what core/, core/cli/main.ts and core/index.ts became
 * @typedef {{ root: string, folder: string, inputs: Record<string, string> }} Current
 *   root: where it was compiled, since sources' own URLs are in it; folder: below the cache; inputs: marks by path below the root
 */

const root = fileURLToPath(new URL("../../", import.meta.url));
/** How this process tells its threads. */
const CORE = "lockstep compiled";
const NOT_OURS = ["EACCES", "EEXIST", "ENOENT", "ENOSPC", "ENOTDIR", "EPERM", "EROFS"];

/** @returns {Promise<Entries>} the same ones in all threads of a process, even when a source changes meanwhile */
export async function compiledEntries() {
  const known = /** @type {string | undefined} */ (getEnvironmentData(CORE));
  const core = known ?? pathToFileURL(join(await compiledFolder(), "/")).href;
  setEnvironmentData(CORE, core);
  return { core, main: new URL("cli/main.js", core).href, index: new URL("index.js", core).href };
}

async function compiledFolder() {
  const kept = [join(root, "node_modules", ".cache", "lockstep"), join(userCache(), "compiled", digestOf(root))];
  const current = kept.map(currentFolder).find((folder) => folder !== null);
  const folder = current ?? (await compileInto([...kept.map((cache) => () => cache), ownCache]));
  noteUse(folder);
  return folder;
}

function userCache() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "lockstep");
}

function ownCache() {
  const cache = mkdtempSync(join(tmpdir(), "lockstep-compiled-"));
  process.on("exit", () => rmSync(cache, { recursive: true, force: true }));
  return cache;
}

/** @param {string} cache @returns {string | null} null where there is none, or a source is not what was compiled */
function currentFolder(cache) {
  try {
    /** @type {Current} */
    const current = JSON.parse(readFileSync(join(cache, "current.json"), "utf8"));
    const isCurrent =
      current.root === root && Object.entries(current.inputs).every(([path, mark]) => markOf(path) === mark);
    return isCurrent ? join(cache, current.folder) : null;
  } catch {
    return null;
  }
}

/** @param {(() => string)[]} caches in the order of preference @returns {Promise<string>} the folder */
async function compileInto(caches) {
  const { compile } = await import("./compile.mjs");
  let refused;
  for (const cache of caches) {
    try {
      return await compile({ root, cache: cache(), markOf });
    } catch (error) {
      if (!NOT_OURS.includes(error.code)) throw error;
      refused = error;
    }
  }
  throw refused;
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

/** @param {string} text */
function digestOf(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
