// The files of the embedded server of one home: `postgres/cluster.json` (password, place) and the place itself with data and log.
// A cluster is made aside and renamed into place when complete, so two processes at once, or a kill, leave one whole cluster or none.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import { isAlive } from "../process-id.ts";
import { findBinaries, prepareBinaries, programPath, type Binaries } from "./binaries.ts";
import { asUser, canRun, canWrite, serverUser, type ServerUser } from "./system-user.ts";

export interface Cluster {
  /** <EXP_HOME>/postgres */
  readonly folder: string;
  /** Holds data/ and server.log; belongs to the server's user. Elsewhere than in the home when that user cannot reach it. */
  readonly place: string;
  readonly password: string;
  readonly user: ServerUser;
  readonly binaries: Binaries;
}

/** What stands in cluster.json. */
interface ClusterFile {
  readonly password: string;
  /** Null: `server` beside this file. */
  readonly place: string | null;
}

/** Where a root's home is closed to the server's user, its files stand here. */
const OUTSIDE = "/var/lib/lockstep";

/** Environment of PostgreSQL's programs: nothing of ours (PGDATA, LC_*, TZ) may change what they do. */
export const CLEAN_ENV = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** Keeps the cores for the training, and works with the small /dev/shm of containers. */
const CONFIGURATION = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 128MB
max_parallel_workers_per_gather = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
`;

/** The cluster of a home, made if it has none. @param home absolute path */
export function openCluster(home: string): Cluster {
  return findCluster(home) ?? createCluster(home);
}

/** @returns null where the home has none yet */
export function findCluster(home: string): Cluster | null {
  const folder = join(home, "postgres");
  const file = join(folder, "cluster.json");
  if (!existsSync(file)) return null;
  const { password, place } = JSON.parse(readFileSync(file, "utf8")) as ClusterFile;
  const user = serverUser();
  return { folder, place: place ?? join(folder, "server"), password, user, binaries: reachableBinaries(user) };
}

function createCluster(home: string): Cluster {
  const folder = join(home, "postgres");
  const aside = `${folder}.new-${process.pid}-${randomBytes(4).toString("hex")}`;
  const user = serverUser();
  const binaries = reachableBinaries(user);
  const password = randomBytes(18).toString("hex");
  try {
    mkdirSync(home, { recursive: true });
    removeAbandoned(home);
    mkdirSync(aside, { mode: 0o755 });
    const outside = choosePlace(aside, user);
    writeFileSync(join(aside, "cluster.json"), JSON.stringify({ password, place: outside }), { mode: 0o600 });
    initialise({ place: outside ?? join(aside, "server"), password, user, binaries });
    moveIntoPlace(aside, folder, outside);
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw new LockstepError({
      code: "storage",
      message: `The database's folder ${folder} cannot be made: ${(error as Error).message}`,
      next: "Make room or give write access there, or set EXP_HOME to another folder.",
      cause: error,
    });
  }
  return openCluster(home);
}

/** Makes the place. @returns its path when it had to be outside the home, else null */
function choosePlace(aside: string, user: ServerUser): string | null {
  const inside = join(aside, "server");
  makePlace(inside, user);
  if (user === null || canWrite(user, inside)) return null;
  rmSync(inside, { recursive: true });
  mkdirSync(OUTSIDE, { recursive: true, mode: 0o755 });
  const outside = join(OUTSIDE, randomBytes(8).toString("hex"));
  makePlace(outside, user);
  return outside;
}

function makePlace(place: string, user: ServerUser): void {
  mkdirSync(place, { mode: 0o700 });
  if (user !== null) chownSync(place, user.uid, user.gid);
}

function initialise({ place, password, user, binaries }: Omit<Cluster, "folder">): void {
  const passwordFile = join(place, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== null) chownSync(passwordFile, user.uid, user.gid);
  const data = join(place, "data");
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const login = ["--username=lockstep", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"];
  const options = { ...asUser(user), cwd: "/", env: CLEAN_ENV, encoding: "utf8" } as const;
  const made = spawnSync(programPath(binaries, "initdb"), [`--pgdata=${data}`, ...login, ...locale], options);
  rmSync(passwordFile);
  if (made.status !== 0) {
    const reason = made.error?.message ?? lastLine(made.stderr);
    throw new LockstepError({
      code: "database",
      message: `initdb failed in ${data}: ${reason}`,
      next: DATABASE_URL_HELPS,
    });
  }
  appendFileSync(join(data, "postgresql.conf"), CONFIGURATION);
}

export const DATABASE_URL_HELPS = "exp doctor says more; DATABASE_URL can name another PostgreSQL, 14 or later.";

function moveIntoPlace(aside: string, folder: string, outside: string | null): void {
  try {
    renameSync(aside, folder);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (outside !== null) rmSync(outside, { recursive: true, force: true });
    if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error; // else: another was first
  }
}

/** What a killed process left half-made. */
function removeAbandoned(home: string): void {
  for (const name of readdirSync(home)) {
    const pid = /^postgres\.new-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(home, name), { recursive: true, force: true });
  }
}

/** The package's own programs, or a copy where the server's user cannot reach them (a checkout under /root, say). */
function reachableBinaries(user: ServerUser): Binaries {
  const own = findBinaries();
  prepareBinaries(own);
  if (user === null || canRun(user, programPath(own, "postgres"))) return own;
  const copy = { root: join(OUTSIDE, `postgresql-${own.version}`, "native"), version: own.version };
  if (!existsSync(copy.root)) copyBinaries(own, copy);
  return copy;
}

function copyBinaries(own: Binaries, copy: Binaries): void {
  const folder = join(copy.root, "..");
  const aside = `${folder}.new-${process.pid}`;
  mkdirSync(OUTSIDE, { recursive: true, mode: 0o755 });
  cpSync(realpathSync(own.root), join(aside, "native"), { recursive: true, verbatimSymlinks: true });
  chmodSync(aside, 0o755);
  moveIntoPlace(aside, folder, null);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
