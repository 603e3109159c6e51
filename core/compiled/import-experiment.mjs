// Imports a user's module, TypeScript or not, and the local modules that it imports: each becomes one JavaScript module in a folder of this
// process, with the meaning that it has where it stands. "lockstep" is this installation, and TypeScript files are ES modules, whatever the
// nearest package.json says, or none. A function's text, which is hashed with the settings, depends on the options here: they stay.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { decideImports, outside } from "./imports.mjs";

const TYPESCRIPT = [".ts", ".mts", ".tsx"];
const JAVASCRIPT = [".mjs", ".js", ".jsx"];
const TSCONFIG = fileURLToPath(new URL("../../tsconfig.json", import.meta.url)); // not that of the user's folder

/**
 * @param {string} file absolute @param {string} lockstep URL of what "lockstep" means
 * @returns {Promise<Record<string, unknown>>} the module, evaluated anew at each call
 */
export async function importExperiment(file, lockstep) {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-experiment-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true })); // imports may come late
  const files = [file]; // grows by what they import
  const place = (/** @type {string} */ path) => {
    if (!files.includes(path)) files.push(path);
    return join(folder, `${files.indexOf(path)}.mjs`);
  };
  for (const path of files) await writeModule(path, place, lockstep);
  return import(pathToFileURL(place(file)).href);
}

/** @param {string} file @param {(file: string) => string} place where a local module is written to @param {string} lockstep */
async function writeModule(file, place, lockstep) {
  try {
    await build({
      entryPoints: [file],
      outfile: place(file),
      bundle: true,
      treeShaking: false,
      format: "esm",
      platform: "node",
      conditions: [],
      target: `node${process.versions.node}`,
      tsconfig: TSCONFIG,
      minifyWhitespace: true,
      keepNames: true,
      sourcemap: "inline",
      sourcesContent: false,
      logLevel: "silent",
      resolveExtensions: [...TYPESCRIPT, ...JAVASCRIPT, ".json"],
      // by a name, so that a function's text does not depend on where the file stands
      define: Object.fromEntries(Object.keys(about(file)).map((key) => [`import.meta.${key}`, `importMeta.${key}`])),
      banner: { js: `const importMeta=${JSON.stringify(about(file))};` },
      plugins: [meanings(place, lockstep)],
    });
  } catch (cause) {
    const [first] = cause.errors ?? [];
    if (first === undefined) throw cause;
    const { file: path = file, line = 1, column = 0 } = first.location ?? {};
    throw new Error(`${path}:${line}:${column + 1}: ${first.text}`, { cause });
  }
}

/** What import.meta says of it. @param {string} file */
function about(file) {
  return { url: pathToFileURL(file).href, filename: file, dirname: dirname(file) };
}

/** @param {(file: string) => string} place @param {string} lockstep */
function meanings(place, lockstep) {
  return decideImports(/./, async ({ path, kind }, find) => {
    if (path === "lockstep") return { path: lockstep, external: true };
    if (path.startsWith("file:")) return meaningOf(fileURLToPath(path), kind);
    const { path: found, errors } = await find();
    return errors.length > 0 ? { errors } : meaningOf(found, kind);
  });

  function meaningOf(/** @type {string} */ file, /** @type {import("./imports.mjs").Import["kind"]} */ kind) {
    if (extname(file) === ".json") return { path: file };
    return outside(isLocalModule(file) ? place(file) : file, kind);
  }
}

/** @param {string} file */
function isLocalModule(file) {
  if (file.split(sep).includes("node_modules")) return false;
  if (TYPESCRIPT.includes(extname(file))) return true;
  return JAVASCRIPT.includes(extname(file)) && /^\s*(?:import|export)\b/m.test(readFileSync(file, "utf8"));
}
