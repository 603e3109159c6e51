// The steps of an installation, each into the same folder: npm's packages, PyPI's wheels, the compiled binding, and a first load.
import { copyFile, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "./run-tool.ts";
import type { WheelSet } from "./wheels.ts";

const AGAIN = "Run the same command again; what was downloaded is kept by npm and pip.";

/** Exactly what the lock file says, checked by its hashes; install scripts do not run (the package's would download TensorFlow 2.9). */
export async function installPackages(folder: string): Promise<void> {
  const pinned = fileURLToPath(new URL("./npm/", import.meta.url));
  for (const name of ["package.json", "package-lock.json"]) await copyFile(join(pinned, name), join(folder, name));
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await runTool("npm ci", ["npm", "ci", ...quiet], { cwd: folder, next: AGAIN });
}

/** Into `folder/site`. pip refuses a wheel whose sha256 is another. @param onBytes bytes downloaded so far, now and then */
export async function installWheels(
  folder: string,
  { python, wheels }: { python: string; wheels: WheelSet },
  onBytes: (bytes: number) => void,
): Promise<void> {
  const list = join(folder, "wheels.txt");
  const lines = wheels.wheels.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}`);
  await writeFile(list, `${lines.join("\n")}\n`);
  const downloads = join(folder, "downloads"); // pip's temporary files, so that their growth can be shown
  await mkdir(downloads);
  const platforms = wheels.platforms.flatMap((platform) => ["--platform", platform]);
  const kind = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312", "--only-binary=:all:"];
  const quiet = ["--quiet", "--no-compile", "--disable-pip-version-check", "--no-input"];
  const args = [...quiet, "--no-deps", "--require-hashes", ...kind, ...platforms, "--target", join(folder, "site")];
  const watch = setInterval(() => void folderBytes(downloads).then(onBytes), WATCH_MS);
  try {
    const command = [python, "-m", "pip", "install", ...args, "--requirement", list] as const;
    await runTool("pip", command, { env: { TMPDIR: downloads }, next: AGAIN });
  } finally {
    clearInterval(watch);
    await rm(downloads, { recursive: true, force: true });
  }
}

const WATCH_MS = 500;

/** Size of the wheels in pip's temporary folders. */
async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const wheels = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".whl"));
  const sizes = await Promise.all(
    wheels.map((file) =>
      stat(join(file.parentPath, file.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Path from the binding to the libraries, so that the whole folder can be moved. */
const LIBRARIES_FROM_BINDING = "$ORIGIN/../../../../../site/tensorflow";

/** The package's own two source files, against the headers of Node-API and of the wheel. */
export async function compileBinding(folder: string, compiler: string): Promise<void> {
  const modules = join(folder, "node_modules");
  const source = join(modules, "@tensorflow/tfjs-node-gpu/binding");
  const tensorflow = join(folder, "site/tensorflow");
  const target = join(modules, "@tensorflow/tfjs-node-gpu/lib/napi-v8"); // the package knows Node-API 3 to 8
  await mkdir(target, { recursive: true });
  const includes = [join(modules, "node-api-headers/include"), join(tensorflow, "include"), source].map(
    (path) => `-I${path}`,
  );
  const libraries = [
    "-l:libtensorflow_cc.so.2",
    "-l:libtensorflow_framework.so.2",
    `-Wl,-rpath,${LIBRARIES_FROM_BINDING}`,
  ];
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(source, name));
  const flags = ["-std=c++17", "-O2", "-fPIC", "-shared", "-w", "-DNAPI_VERSION=8"];
  const output = ["-o", join(target, "tfjs_binding.node"), `-L${tensorflow}`];
  const next = "A compiler with C++17 is needed: g++ 8 or newer. CXX names another one.";
  await runTool(compiler, [compiler, ...flags, ...includes, ...sources, ...output, ...libraries], { next });
}
