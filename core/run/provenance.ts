// Where a run's bits come from: code, versions, machine, command, the experiment's text. Names of environment variables are stored,
// their values never; a database URL stands without its password.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { dirname, join } from "node:path";
import type { EngineIdentity } from "../engine/engine.ts";
import { lockfileSha256, packageRoot, readCodeState, type CodeState } from "./code-digest.ts";
import { readGitState, type GitState } from "./git.ts";
import { readLocalSources, type SourceFile } from "./local-imports.ts";

export interface Provenance {
  readonly git: GitState | null;
  readonly code: CodeState;
  readonly lockfileSha256: string | null;
  readonly versions: {
    readonly lockstep: string;
    readonly node: string;
    readonly v8: string;
    /** Installed version by name of each package that we depend on. */
    readonly packages: Readonly<Record<string, string>>;
  };
  readonly engine: EngineIdentity;
  readonly machine: {
    readonly os: string;
    readonly arch: string;
    readonly cpu: string;
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly host: string;
  };
  /** Names of variables that can matter and are set. */
  readonly environment: readonly string[];
  readonly database: string | null;
  readonly commandLine: readonly string[];
  readonly workingDirectory: string;
  /** Absolute path of the experiment file. */
  readonly experimentFile: string;
  /** The experiment file first, then every local file that it imports. */
  readonly sources: readonly SourceFile[];
}

/** What a sweep's runs share; the engine is added by `withEngine`. */
export async function gatherProvenance(file: string): Promise<Omit<Provenance, "engine">> {
  return {
    git: await readGitState(dirname(file)),
    code: readCodeState(),
    lockfileSha256: lockfileSha256(),
    versions: readVersions(),
    machine: describeMachine(),
    environment: Object.keys(process.env)
      .filter((name) => MATTERS.test(name))
      .sort(),
    database: withoutPassword(process.env["DATABASE_URL"] ?? null),
    commandLine: process.argv.slice(2).map((word) => withoutPassword(word) ?? ""),
    workingDirectory: process.cwd(),
    experimentFile: file,
    sources: readLocalSources(file, packageRoot),
  };
}

/** Variables that can change what a run does or where it goes. */
const MATTERS =
  /^(EXP_|TF_|CUDA_|NODE_OPTIONS$|UV_THREADPOOL_SIZE$|DATABASE_URL$|LD_|OMP_|MALLOC_|LANG$|LC_|TZ$|HTTPS?_PROXY$)/i;

/** user:secret@ becomes user@ wherever a URL stands. */
export function withoutPassword(text: string | null): string | null {
  return text === null
    ? null
    : text.replace(/(\w+:\/\/[^/\s:@]*):[^/\s]*@/g, "$1@").replace(/([?&]password=)[^&\s]*/gi, "$1");
}

export function describeMachine(): Provenance["machine"] {
  const cpus = os.cpus();
  return {
    os: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    cpu: cpus[0]?.model.trim() ?? "unknown",
    cpus: cpus.length,
    memoryBytes: os.totalmem(),
    host: os.hostname(),
  };
}

export function readVersions(): Provenance["versions"] {
  const own = readJson(join(packageRoot, "package.json"));
  const names = Object.keys(own["dependencies"] ?? {});
  return {
    lockstep: String(own["version"]),
    node: process.versions.node,
    v8: process.versions.v8,
    packages: Object.fromEntries(names.map((name) => [name, installedVersion(name)])),
  };
}

/** Looks in the node_modules folders that Node would, since a package may hide its package.json behind `exports`. */
function installedVersion(name: string): string {
  const folders = createRequire(join(packageRoot, "package.json")).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return String(readJson(join(folder, name, "package.json"))["version"]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return "not installed";
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}
