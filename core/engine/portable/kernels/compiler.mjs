// The one pinned cross compiler: PyPI's ziglang, by version and sha256, in a cache folder outside the repo. Only who changes
// a kernel needs it (and Python 3 with venv); users get the committed prebuilt/ files.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export const VERSION = "0.17.1";
const HASHES = {
  x64: "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54", // the manylinux x86_64 wheel
};

/**
 * Installs the compiler at first use.
 * @returns {(args: string[]) => string} runs `zig ARGS` and returns its standard output; throws with its standard error
 */
export function compiler() {
  const cache = process.env.EXP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "lockstep");
  const folder = join(cache, `ziglang-${VERSION}`);
  if (!existsSync(join(folder, "READY"))) install(folder);
  const zig = execFileSync(join(folder, "bin", "python"), [
    "-c",
    "import ziglang, os; print(os.path.dirname(ziglang.__file__))",
  ]);
  const env = {
    ...process.env,
    ZIG_GLOBAL_CACHE_DIR: join(folder, "cache"),
    ZIG_LOCAL_CACHE_DIR: join(folder, "cache"),
  };
  return (args) => execFileSync(join(String(zig).trim(), "zig"), args, { env, encoding: "utf8", maxBuffer: 1 << 28 });
}

/** @param {string} folder */
function install(folder) {
  const hash = HASHES[/** @type {keyof typeof HASHES} */ (process.arch)];
  if (process.platform !== "linux" || hash === undefined) {
    throw new Error(`no pinned compiler for ${process.platform}-${process.arch}; build the kernels on linux-x64`);
  }
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  execFileSync("python3", ["-m", "venv", partial], { stdio: "inherit" });
  const requirements = join(partial, "requirements.txt");
  writeFileSync(requirements, `ziglang==${VERSION} --hash=sha256:${hash}\n`);
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--require-hashes",
    "--no-deps",
    "--only-binary=:all:",
    "-r",
    requirements,
  ];
  execFileSync(join(partial, "bin", "python"), pip, { stdio: "inherit" });
  writeFileSync(join(partial, "READY"), "");
  renameSync(partial, folder);
}
