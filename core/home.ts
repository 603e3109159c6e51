// Where Lockstep keeps its state on this machine: `.exp/` beside package.json, or EXP_HOME. Two homes never touch each other.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** EXP_HOME, else `.exp` beside the nearest package.json upward from the working directory, else `.exp` in it. */
export function expHome(): string {
  const chosen = process.env["EXP_HOME"];
  return chosen ? resolve(chosen) : join(nearestPackage(process.cwd()) ?? process.cwd(), ".exp");
}

/** Folder of downloads: EXP_CACHE, else `cache` in the home. */
export function expCache(): string {
  const chosen = process.env["EXP_CACHE"];
  return chosen ? resolve(chosen) : join(expHome(), "cache");
}

function nearestPackage(folder: string): string | null {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? null : nearestPackage(parent);
}
