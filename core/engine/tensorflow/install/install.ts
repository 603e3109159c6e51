// `exp engine install tensorflow`: everything into a new subfolder; the manifest that names it takes the former one's place by a single
// rename. So at every instant the former installation stands or the new one, and what an interrupted one left goes with the next.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { LockstepError } from "../../../errors.ts";
import { findInstallation, installationFolder, MANIFEST, type Installation, type Manifest } from "../installation.ts";
import { loadApart } from "../load-apart.ts";
import { FREE_SPACE } from "./run-tool.ts";
import { compileBinding, installPackages, installWheels } from "./steps.ts";
import { findTools } from "./tools.ts";
import { TENSORFLOW_VERSION } from "./wheels.ts";

export interface InstallOptions {
  readonly gpu: boolean;
  /** A node_modules folder with a @tensorflow/tfjs-node-gpu that works, to be used as it is. */
  readonly from?: string;
  /** Installs again where it is installed. */
  readonly force: boolean;
  readonly onProgress: (progress: InstallProgress) => void;
}

export interface InstallProgress {
  readonly step: number;
  readonly steps: number;
  readonly text: string;
  /** Bytes downloaded in this step, and of how many; null: not a download, or not known. */
  readonly bytes: number | null;
  readonly ofBytes: number | null;
}

export interface Installed {
  readonly installation: Installation;
  /** Whether it was there already. */
  readonly already: boolean;
}

/** Installs TensorFlow and the package that runs it. @throws LockstepError that says what is missing and how to get it */
export async function installTensorflow(options: InstallOptions): Promise<Installed> {
  const folder = installationFolder();
  const present = findInstallation(folder);
  if (present !== null && !options.force && serves(present, options)) return { installation: present, already: true };
  await mkdir(folder, { recursive: true });
  await removeUnused(folder);
  const made = await mkdtemp(join(folder, `${MADE}${process.pid}-`));
  try {
    const manifest = options.from === undefined ? await installOurs(made, options) : await useOwn(options.from);
    await writeFile(join(made, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(join(made, MANIFEST), join(folder, MANIFEST)); // from here on the new one is the installation
  } catch (cause) {
    throw isFullDisk(cause) ? fullDisk(folder, cause) : cause;
  } finally {
    await removeUnused(folder, made);
  }
  return { installation: findInstallation(folder) as Installation, already: false };
}

/** Begins the names of the subfolders that installations are made in; the process's id follows. */
const MADE = "made-";

/** What an installation of before 2026-11-24 is made of: it stood in the folder itself. The first two nobody else puts there. */
const FORMER_LAYOUT = ["site", "wheels.txt", "node_modules", "package.json", "package-lock.json"] as const;

/** Whether what is there is what was asked for. */
function serves(present: Installation, { gpu, from }: InstallOptions): boolean {
  if (from !== undefined) return present.source === "own" && present.modules === resolve(from);
  return present.source === "lockstep" && present.gpu === gpu && present.tensorflowVersion === TENSORFLOW_VERSION;
}

async function installOurs(folder: string, { gpu, onProgress }: InstallOptions): Promise<Manifest> {
  const steps = 4;
  const report = (step: number, text: string) => onProgress({ step, steps, text, bytes: null, ofBytes: null });
  const { python, compiler, wheels } = await findTools(folder, gpu);
  report(1, "@tensorflow/tfjs-node-gpu from npm");
  await installPackages(folder);
  const text = `TensorFlow ${TENSORFLOW_VERSION}${gpu ? " and CUDA" : ""} from PyPI`;
  const ofBytes = wheels.downloadMb === null ? null : wheels.downloadMb * 1e6;
  report(2, text);
  await installWheels(folder, { python, wheels }, (bytes) => onProgress({ step: 2, steps, text, bytes, ofBytes }));
  report(3, `the binding, with ${basename(compiler)}`);
  await compileBinding(folder, compiler);
  report(4, "first load");
  const { tensorflowVersion, packageVersion } = await loadApart({
    source: "lockstep",
    folder,
    modules: join(folder, "node_modules"),
  });
  const modules = join(basename(folder), "node_modules"); // from the manifest's folder
  return { modules, tensorflowVersion, packageVersion, gpu, source: "lockstep" };
}

async function useOwn(from: string): Promise<Manifest> {
  const modules = resolve(from);
  if (!existsSync(join(modules, "@tensorflow/tfjs-node-gpu/package.json"))) {
    throw new LockstepError({
      code: "engine-unavailable",
      message: `engine install: no @tensorflow/tfjs-node-gpu in ${modules}`,
      next: "Give the node_modules folder that has it, or leave --from out.",
    });
  }
  const { tensorflowVersion, packageVersion, usesGpu } = await loadApart({ source: "own", folder: modules, modules });
  return { modules, tensorflowVersion, packageVersion, gpu: usesGpu, source: "own" };
}

/** Removes every installation that the manifest does not name, but for those that a running process makes. @param own made by this one */
async function removeUnused(folder: string, own?: string): Promise<void> {
  const modules = findInstallation(folder)?.modules;
  const former = FORMER_LAYOUT.slice(0, 2).every((name) => existsSync(join(folder, name)));
  if (former && modules !== join(folder, "node_modules"))
    for (const name of FORMER_LAYOUT) await rm(join(folder, name), { recursive: true, force: true });
  for (const name of await readdir(folder)) {
    if (!name.startsWith(MADE)) continue;
    const path = join(folder, name);
    const isUsed = modules?.startsWith(path + sep) ?? false;
    const isOwn = path === own;
    if (isUsed || (!isOwn && isRunning(Number(name.split("-")[1])))) continue;
    // A pip or npm that outlives a killed installation may write into it still; then it goes with a later one.
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

/** Of our own small files; what npm and pip say of it is told where they are run. */
function isFullDisk(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function fullDisk(folder: string, cause: unknown): LockstepError {
  const message = `engine install: no space is left for ${folder}`;
  return new LockstepError({ code: "storage", message, next: FREE_SPACE, cause });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
