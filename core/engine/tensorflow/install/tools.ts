// What must be on the machine before anything is downloaded: a platform that wheels exist for, Python's pip, a C++ compiler, space.
// All that is missing is said at once, with the command that installs it.
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { LockstepError } from "../../../errors.ts";
import { tryTool } from "./run-tool.ts";
import { wheelsFor, type WheelSet } from "./wheels.ts";

export interface Tools {
  readonly python: string;
  readonly compiler: string;
  readonly wheels: WheelSet;
}

/** @param folder an existing folder on the file system that is installed to @throws LockstepError "engine-unavailable" or "storage" */
export async function findTools(folder: string, gpu: boolean): Promise<Tools> {
  const wheels = requireWheels(gpu);
  const python = await firstThatWorks([process.env["PYTHON"], "python3", "python"], ["-m", "pip", "--version"], hasPip);
  const compiler = await firstThatWorks([process.env["CXX"], "g++", "clang++"], ["--version"], () => true);
  if (python === null || compiler === null) throw await missingTools(python, compiler);
  await requireSpace(folder, wheels.neededMb);
  return { python, compiler, wheels };
}

function requireWheels(gpu: boolean): WheelSet {
  const platform = `${process.platform}-${process.arch}`;
  const wheels = wheelsFor(platform, gpu);
  if (wheels !== null) return wheels;
  throw new LockstepError({
    code: "engine-unavailable",
    message: `engine install: no TensorFlow is pinned for ${platform}${gpu ? " with a GPU" : ""}, expected linux-x64${gpu ? "" : " or linux-arm64"}`,
    next: 'Install @tensorflow/tfjs-node-gpu your own way and run "exp engine install tensorflow --from node_modules", or use the portable engine.',
  });
}

/** `--platform manylinux_2_27_x86_64` is understood from pip 20.3 on. */
const OLDEST_PIP = [20, 3] as const;

function hasPip(versionText: string): boolean {
  const [, major = 0, minor = 0] = (/pip (\d+)\.(\d+)/.exec(versionText) ?? []).map(Number);
  return major > OLDEST_PIP[0] || (major === OLDEST_PIP[0] && minor >= OLDEST_PIP[1]);
}

async function firstThatWorks(
  commands: readonly (string | undefined)[],
  args: readonly string[],
  accept: (stdout: string) => boolean,
): Promise<string | null> {
  for (const command of commands) {
    if (!command) continue;
    const { code, stdout } = await tryTool(command, args);
    if (code === 0 && accept(stdout)) return command;
  }
  return null;
}

async function missingTools(python: string | null, compiler: string | null): Promise<LockstepError> {
  const hasPython = python !== null || (await tryTool("python3", ["--version"])).code === 0;
  const missing = [
    ...(hasPython ? [] : ["python3"]),
    ...(python === null ? [`pip ${OLDEST_PIP.join(".")} or newer`] : []),
    ...(compiler === null ? ["a C++ compiler (g++ or clang++)"] : []),
  ];
  return new LockstepError({
    code: "engine-unavailable",
    message: `engine install: ${missing.join(" and ")} not found`,
    next: `Install with: ${installCommand(python === null, compiler === null)}; then run the same command again.`,
  });
}

/** Command of this system's package manager. */
function installCommand(pip: boolean, compiler: boolean): string {
  const managers = [
    { path: "/usr/bin/apt-get", command: "sudo apt-get install -y", pip: "python3 python3-pip", compiler: "g++" },
    { path: "/usr/bin/dnf", command: "sudo dnf install -y", pip: "python3 python3-pip", compiler: "gcc-c++" },
    { path: "/usr/bin/zypper", command: "sudo zypper install -y", pip: "python3 python3-pip", compiler: "gcc-c++" },
    { path: "/usr/bin/pacman", command: "sudo pacman -S --noconfirm", pip: "python python-pip", compiler: "gcc" },
  ] as const;
  const manager = managers.find(({ path }) => existsSync(path)) ?? managers[0];
  return [manager.command, ...(pip ? [manager.pip] : []), ...(compiler ? [manager.compiler] : [])].join(" ");
}

const BYTES_PER_MB = 1e6;

async function requireSpace(folder: string, neededMb: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeMb = Math.floor((bavail * bsize) / BYTES_PER_MB);
  if (freeMb >= neededMb) return;
  throw new LockstepError({
    code: "storage",
    message: `engine install: ${freeMb} MB are free in ${folder}, expected ${neededMb} MB`,
    next: "Free some space, or move the home with EXP_HOME to a larger disk.",
  });
}
