// What esbuild shall make of imports: a package is left outside and named by the very file that Node would load, so that what imports
// it may stand anywhere.
import { isBuiltin } from "node:module";
import { relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * @typedef {import("esbuild").OnResolveArgs} Import
 * @typedef {import("esbuild").OnResolveResult} Meaning
 * @typedef {() => Promise<import("esbuild").ResolveResult>} Find as esbuild finds it
 */

const ASKED_BY_US = "asked by us";

/**
 * @param {RegExp} filter of what stands in the import
 * @param {(one: Import, find: Find) => Promise<Meaning | null>} decide null: as esbuild does
 * @returns {import("esbuild").Plugin}
 */
export function decideImports(filter, decide) {
  return {
    name: "decide-imports",
    setup: ({ onResolve, resolve }) =>
      onResolve({ filter }, (one) => {
        const { path, kind, importer, resolveDir, pluginData } = one;
        if (kind === "entry-point" || pluginData === ASKED_BY_US) return null;
        if (isBuiltin(path)) return { path, external: true };
        return decide(one, () => resolve(path, { kind, importer, resolveDir, pluginData: ASKED_BY_US }));
      }),
  };
}

/** @param {string} file @param {Import["kind"]} kind @returns {Meaning} */
export function outside(file, kind) {
  return { path: kind === "require-call" ? file : pathToFileURL(file).href, external: true };
}

/** @param {string} file @param {string} root of the package whose own code is compiled */
export function isInPackage(file, root) {
  const below = relative(root, file);
  return below.startsWith("..") || below.split(sep).includes("node_modules");
}
