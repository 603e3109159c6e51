// `exp engine install tensorflow`: everything into a folder of its own name beside the place, which is renamed when it is whole.
// An interrupted installation leaves only such a folder, which counts for nothing and goes with the next one.
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { LockstepError } from "../../../errors.ts";
import { findInstallation, installationFolder, MANIFEST, type Installation, type Manifest } from "../installation.ts";
import { loadApart } from "../load-apart.ts";
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
  await mkdir(dirname(folder), { recursive: true });
  await removeUnfinished(folder);
  const unfinished = `${folder}${UNFINISHED}${process.pid}`;
  await mkdir(unfinished);
  try {
    const manifest = options.from === undefined ? await installOurs(unfinished, options) : await useOwn(options.from);
    await writeFile(join(unfinished, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await replace(folder, unfinished);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return { installation: findInstallation(folder) as Installation, already: false };
}

const UNFINISHED = ".unfinished-";

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
  return { modules: "node_modules", tensorflowVersion, packageVersion, gpu, source: "lockstep" };
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

/** Puts the whole installation in its place; the former one stands until then. */
async function replace(folder: string, whole: string): Promise<void> {
  const former = `${folder}${UNFINISHED}former-${process.pid}`;
  if (existsSync(folder)) await rename(folder, former);
  await rename(whole, folder);
  await rm(former, { recursive: true, force: true });
}

/** Removes what interrupted installations left, but for those whose process still runs. */
async function removeUnfinished(folder: string): Promise<void> {
  const prefix = `${basename(folder)}${UNFINISHED}`;
  for (const name of await readdir(dirname(folder))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.split("-").at(-1));
    if (!isRunning(pid)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
