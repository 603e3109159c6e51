// Compiles core/cli/main.ts, core/index.ts, what threads load, and all that these load into a folder of a cache (entries.mjs), packages
// that every command loads included, all others by their place. Each source keeps its own import.meta.url, and a source map names it in
// stack traces.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { decideImports, isInPackage, outside } from "./imports.mjs";

const ENTRIES = ["cli/main.ts", "index.ts", "random.ts", "data/phantom/draw.ts"];

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
const ATTEMPTS = 5;

/**
 * @typedef {object} Place
 * @property {string} root of this package
 * @property {string} cache a folder
 * @property {(path: string) => string} markOf another one whenever the file below the root has changed
 * @param {Place} place @returns {Promise<string>} the folder below the cache
 */
export async function compile(place) {
  mkdirSync(place.cache, { recursive: true });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const folder = await compileOnce(place);
    if (folder !== null) return folder;
  }
  throw new Error(`the sources in ${place.root} change while they are compiled`);
}

/** @param {Place} place @returns {Promise<string | null>} null where a source changed meanwhile */
async function compileOnce({ root, cache, markOf }) {
  const begunMs = Date.now();
  const aside = mkdtempSync(join(cache, "new-"));
  chmodSync(aside, 0o755); // mkdtemp closes it to other users, who may run the same installation
  try {
    const paths = await bundle(root, aside);
    if (paths.some((path) => statSync(join(root, path)).ctimeMs >= begunMs)) return null;
    const inputs = Object.fromEntries(paths.map((path) => [path, markOf(path)]));
    const name = createHash("sha256")
      .update(JSON.stringify([root, inputs]))
      .digest("hex")
      .slice(0, 16);
    const folder = join(cache, name);
    if (!existsSync(folder)) renameSync(aside, folder);
    const current = join(cache, "current.json");
    writeFileSync(`${current}.${process.pid}`, JSON.stringify({ root, folder: name, inputs }));
    renameSync(`${current}.${process.pid}`, current);
    removeUnused(cache, name);
    return folder;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** @param {string} root @param {string} outdir @returns {Promise<string[]>} paths, below the root, whose change makes another bundle */
async function bundle(root, outdir) {
  /** @type {Set<string>} files of packages that are not included */
  const found = new Set();
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES.map((entry) => join("core", entry)),
    outbase: "core",
    outdir,
    tsconfig: "tsconfig.json",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    conditions: [],
    target: "node20.9",
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: "silent",
    banner: { js: REQUIRE },
    plugins: [ownUrls(root), outsidePackages(root, (file) => found.add(file))],
  });
  const inputs = Object.keys(metafile.inputs).map((path) => join(root, path));
  const own = inputs.filter((path) => !isInPackage(path, root)).map((path) => relative(root, path));
  const packages = [...inputs.filter((path) => isInPackage(path, root)), ...found];
  return [
    ...new Set([...own, ...packages.map((path) => packageFile(root, path)), "tsconfig.json", "package.json"]),
  ].sort();
}

/** An installation replaces it with the rest of the package. @param {string} root @param {string} path */
function packageFile(root, path) {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && "version" in JSON.parse(readFileSync(file, "utf8"))) return relative(root, file);
  }
}

/** Workers, kernels and migrations are found beside the sources. @param {string} root @returns {import("esbuild").Plugin} */
function ownUrls(root) {
  return {
    name: "own-urls",
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.(ts|tsx|mjs)$/ }, ({ path }) => {
        if (isInPackage(path, root)) return null;
        const contents = readFileSync(path, "utf8").replaceAll(
          "import.meta.url",
          JSON.stringify(pathToFileURL(path).href),
        );
        return { contents, loader: path.endsWith(".tsx") ? "tsx" : path.endsWith(".ts") ? "ts" : "js" };
      }),
  };
}

/** @param {string} root @param {(file: string) => void} found told of each @returns {import("esbuild").Plugin} */
function outsidePackages(root, found) {
  return decideImports(/^[^./]/, async ({ path, importer, kind }, find) => {
    const name = path.split("/", path.startsWith("@") ? 2 : 1).join("/");
    if (isInPackage(importer, root) || INCLUDED.includes(name)) return null;
    const file = (await find()).path;
    if (file === "") return { path, external: true }; // not installed: told where it is needed
    found(file);
    return outside(file, kind);
  });
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
