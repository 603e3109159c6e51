// Compiles core/cli/main.ts, core/index.ts, core/random.ts (for threads) and all that they load into a folder of the cache (compiled.mjs), packages that every command
// loads included. Each source keeps its own import.meta.url, and a source map names it in stack traces.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Packages of many files, or of old modules that Node reads slowly; whatever they import comes with them. */
const INCLUDED = [
  ...[
    "cli-progress",
    "cli-table3",
    "commander",
    "csv-parse",
    "drizzle-orm",
    "fastest-levenshtein",
    "hono",
    "picocolors",
  ],
  ...["@hono/node-server", "@hono/zod-openapi", "postgres", "seedrandom", "zod"],
];

/** What packages of old modules call. */
const REQUIRE =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

const KEPT_MS = 24 * 3600 * 1000;

/**
 * @typedef {typeof import("./compiled.mjs").place} Place
 * @param {Place} place @returns {Promise<string | null>} name of the folder, or null where a source changed meanwhile
 */
export async function compile({ root, cache, current, markOf, folderOf }) {
  const begunMs = Date.now();
  mkdirSync(cache, { recursive: true });
  const aside = join(cache, `new-${process.pid}`);
  try {
    const paths = await bundle(root, aside);
    if (paths.some((path) => statSync(join(root, path)).ctimeMs >= begunMs)) return null;
    const inputs = Object.fromEntries(paths.map((path) => [path, markOf(path)]));
    const name = createHash("sha256")
      .update(JSON.stringify([root, inputs]))
      .digest("hex")
      .slice(0, 16);
    if (!existsSync(folderOf(name))) renameSync(aside, folderOf(name));
    const text = JSON.stringify({ root, folder: name, inputs });
    writeFileSync(`${current}.${process.pid}`, text);
    renameSync(`${current}.${process.pid}`, current);
    removeUnused(cache, name);
    return name;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** @param {string} root @param {string} outdir @returns {Promise<string[]>} paths, below the root, whose change makes another bundle */
async function bundle(root, outdir) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["core/cli/main.ts", "core/index.ts", "core/random.ts"],
    outbase: "core",
    outdir,
    tsconfig: "tsconfig.json",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.9",
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: "silent",
    banner: { js: REQUIRE },
    plugins: [ownUrls(root), outside()],
  });
  const inputs = Object.keys(metafile.inputs).map((path) => relative(root, join(root, path)));
  const [own, packages] = [inputs.filter((path) => !isPackage(path)), inputs.filter(isPackage)];
  return [
    ...new Set([...own, ...packages.map((path) => packageFile(root, path)), "tsconfig.json", "package.json"]),
  ].sort();
}

/** @param {string} path */
function isPackage(path) {
  return path.split(sep).includes("node_modules");
}

/** An installation replaces it with the rest of the package. @param {string} root @param {string} path */
function packageFile(root, path) {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(join(root, file)) && "version" in JSON.parse(readFileSync(join(root, file), "utf8"))) return file;
  }
}

/** Workers, kernels and migrations are found beside the sources. @param {string} root @returns {import("esbuild").Plugin} */
function ownUrls(root) {
  return {
    name: "own-urls",
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.(ts|tsx|mjs)$/ }, ({ path }) => {
        if (isPackage(relative(root, path))) return null;
        const contents = readFileSync(path, "utf8").replaceAll(
          "import.meta.url",
          JSON.stringify(pathToFileURL(path).href),
        );
        return { contents, loader: path.endsWith(".tsx") ? "tsx" : path.endsWith(".ts") ? "ts" : "js" };
      }),
  };
}

/** @returns {import("esbuild").Plugin} */
function outside() {
  return {
    name: "outside",
    setup: ({ onResolve }) =>
      onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
        const name = path.startsWith("@") ? path.split("/").slice(0, 2).join("/") : path.split("/")[0];
        if (kind === "entry-point" || isPackage(importer) || INCLUDED.includes(name ?? "")) return null;
        return { path, external: true };
      }),
  };
}

/** @param {string} cache @param {string} kept */
function removeUnused(cache, kept) {
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name);
    if (name === kept || !statSync(folder).isDirectory() || Date.now() - statSync(folder).mtimeMs < KEPT_MS) continue;
    const users = existsSync(join(folder, "used-by")) ? readdirSync(join(folder, "used-by")) : [];
    if (!users.some(isAlive)) rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} pid */
function isAlive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
