// Where the engine stands: `<home>/engines/tensorflow/`, with a manifest that is written last and names the subfolder it is in.
// A folder without a manifest is no installation.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expHome } from "../../home.ts";
import { LockstepError } from "../../errors.ts";

export interface Installation {
  readonly folder: string;
  /** The node_modules folder that has @tensorflow/tfjs-node-gpu. */
  readonly modules: string;
  readonly tensorflowVersion: string;
  readonly packageVersion: string;
  /** Whether it was installed for a GPU. */
  readonly gpu: boolean;
  /** Installed by us, or a package that the user has elsewhere. */
  readonly source: "lockstep" | "own";
}

/** What the manifest says; the path is relative to its folder where we installed. */
export type Manifest = Omit<Installation, "folder">;

export const MANIFEST = "installation.json";

/** EXP_TENSORFLOW names another folder, so that tests and CI share one installation between homes. */
export function installationFolder(): string {
  return process.env["EXP_TENSORFLOW"] ?? join(expHome(), "engines", "tensorflow");
}

/** @returns null where the engine is not installed, or not wholly */
export function findInstallation(folder: string = installationFolder()): Installation | null {
  const path = join(folder, MANIFEST);
  const manifest = existsSync(path) ? parseManifest(readFileSync(path, "utf8")) : null;
  return manifest === null ? null : { ...manifest, folder, modules: resolve(folder, manifest.modules) };
}

/** @returns null for a text that is cut off, which the machine's going down may leave */
function parseManifest(text: string): Manifest | null {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return null;
  }
}

/** @throws LockstepError "engine-unavailable" */
export function requireInstallation(): Installation {
  const installation = findInstallation();
  if (installation !== null) return installation;
  throw new LockstepError({
    code: "engine-unavailable",
    message: `tensorflow: not installed (nothing in ${installationFolder()})`,
    next: 'Install it with "npx exp engine install tensorflow", or choose "--engine portable".',
  });
}
