// Starts, finds and stops a home's server. It runs detached and is shared by all exp processes; postmaster.pid is the one truth on
// whether and where it listens, and PostgreSQL itself sees to it that only one of two simultaneous starts wins.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { LockstepError } from "../../errors.ts";
import { DatabaseAway } from "../connection-error.ts";
import { isAlive } from "../process-id.ts";
import { programPath } from "./binaries.ts";
import { CLEAN_ENV, DATABASE_URL_HELPS, findCluster, openCluster, type Cluster } from "./cluster.ts";
import { asUser } from "./system-user.ts";

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const FAILED_PAUSE_MS = 250;
/** So often in a row pg_ctl may fail while no server runs: another process's start or a port taken meanwhile is the reason once. */
const MOST_FAILURES = 4;

/** Starts the home's server unless it runs. @returns its URL, password included @throws DatabaseAway where it does not start */
export async function startServer(home: string): Promise<string> {
  const cluster = openCluster(home);
  refuseOtherMajor(cluster);
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (let failures = 0; Date.now() < deadline && failures < MOST_FAILURES;) {
    const url = await answeringUrl(cluster);
    if (url !== null) return url;
    if (isRunning(cluster))
      await sleep(POLL_MS); // starting up, recovering or stopping
    else failures = (await launch(cluster)) ? 0 : failures + 1;
  }
  throw new DatabaseAway({
    code: "database",
    message: `The embedded PostgreSQL does not start. Its log ends: ${logEnd(cluster)}`,
    next: `See ${join(cluster.place, "server.log")}. ${DATABASE_URL_HELPS}`,
  });
}

/** @returns the URL of the home's server if it runs and answers, else null */
export async function findServer(home: string): Promise<string | null> {
  const cluster = findCluster(home);
  return cluster === null ? null : answeringUrl(cluster);
}

/** Stops the home's server; connections are closed, what was committed is on disk. @returns false where none ran */
export async function stopServer(home: string): Promise<boolean> {
  const cluster = findCluster(home);
  if (cluster === null || !isRunning(cluster)) return false;
  const code = await control(cluster, ["-m", "fast", "-w", "-t", "60", "stop"]);
  if (code !== 0 && isRunning(cluster)) {
    throw new LockstepError({
      code: "database",
      message: `The embedded PostgreSQL did not stop within 60 s. Its log ends: ${logEnd(cluster)}`,
      next: `See ${join(cluster.place, "server.log")}.`,
    });
  }
  return true;
}

/** Process number of the home's server, or null where none runs. */
export function serverPid(home: string): number | null {
  const cluster = findCluster(home);
  return cluster !== null && isRunning(cluster) ? (readPidFile(cluster)?.pid ?? null) : null;
}

/** @returns whether it started */
async function launch(cluster: Cluster): Promise<boolean> {
  removeForeignPidFile(cluster);
  const port = await choosePort(cluster);
  const log = join(cluster.place, "server.log");
  const code = await control(cluster, ["-l", log, "-o", `-p ${port}`, "-w", "-t", "60", "start"]);
  if (code === 0) writeFileSync(join(cluster.folder, "port"), String(port));
  else await sleep(FAILED_PAUSE_MS); // another process started it, or the port was taken meanwhile
  return code === 0;
}

/**
 * PostgreSQL sees itself that a process is gone, but not that its number is another program's now (usual after a container's restart).
 * A starting server works in its data folder before it writes the file, so a living one is never mistaken.
 */
function removeForeignPidFile(cluster: Cluster): void {
  const left = readPidFile(cluster);
  if (left === null || !isAlive(left.pid) || isRunning(cluster)) return;
  rmSync(join(cluster.place, "data", "postmaster.pid"), { force: true });
}

function control(cluster: Cluster, args: readonly string[]): Promise<number | null> {
  const options = { ...asUser(cluster.user), cwd: "/", env: CLEAN_ENV, stdio: "ignore" } as const;
  return new Promise((done, failed) => {
    const child = spawn(programPath(cluster.binaries, "pg_ctl"), ["-D", join(cluster.place, "data"), ...args], options);
    child.on("error", failed);
    child.on("exit", done);
  });
}

/** The port it had before, while that is free: open connections find it again after a crash. */
async function choosePort({ folder }: Cluster): Promise<number> {
  const file = join(folder, "port");
  const previous = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  return (await freePort(previous)) ?? (await freePort(0)) ?? 0;
}

function freePort(wanted: number): Promise<number | null> {
  return new Promise((done) => {
    const probe = createServer();
    probe.on("error", () => done(null));
    probe.listen(wanted, "127.0.0.1", () => {
      const address = probe.address();
      const port = address !== null && typeof address === "object" ? address.port : null;
      probe.close(() => done(port));
    });
  });
}

async function answeringUrl(cluster: Cluster): Promise<string | null> {
  const running = readPidFile(cluster);
  if (running === null || !isRunning(cluster)) return null;
  const base = `postgres://lockstep:${cluster.password}@127.0.0.1:${running.port}`;
  const sql = postgres(`${base}/postgres`, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => undefined,
    fetch_types: false,
  });
  try {
    const [row] = await sql<{ place: string; made: boolean }[]>`
      select current_setting('data_directory') as place, exists(select from pg_database where datname = 'lockstep') as made`;
    if (row === undefined || realpathSync(row.place) !== realpathSync(join(cluster.place, "data"))) return null;
    if (!row.made) await createDatabase(sql);
    return `${base}/lockstep`;
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    return null; // not yet, or no longer: the caller looks again
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function createDatabase(sql: postgres.Sql): Promise<void> {
  try {
    await sql`create database lockstep`;
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code !== "42P04" && code !== "23505") throw error; // else: another process made it meanwhile
  }
}

/** First line: process number; fourth: port. */
function readPidFile({ place }: Cluster): { pid: number; port: number } | null {
  const path = join(place, "data", "postmaster.pid");
  if (!existsSync(path)) return null;
  const [pid, , , port] = readFileSync(path, "utf8").split("\n");
  return pid && port ? { pid: Number(pid), port: Number(port) } : null;
}

/** Whether the process of postmaster.pid lives and is a server of this very folder: a postmaster works in its data folder. */
function isRunning(cluster: Cluster): boolean {
  const running = readPidFile(cluster);
  if (running === null || !isAlive(running.pid)) return false;
  if (process.platform !== "linux") return true;
  try {
    return readlinkSync(`/proc/${running.pid}/cwd`) === realpathSync(join(cluster.place, "data"));
  } catch {
    return false; // ended in between, or another user's process under a reused number
  }
}

function refuseOtherMajor({ place, binaries }: Cluster): void {
  const received = readFileSync(join(place, "data", "PG_VERSION"), "utf8").trim();
  const expected = binaries.version.split(".")[0] ?? "";
  if (received === expected) return;
  throw new LockstepError({
    code: "database",
    message: `The data in ${place} is of PostgreSQL ${received}; this version of Lockstep brings PostgreSQL ${expected}.`,
    next: "Run exp db backup with the Lockstep that made it, then exp db restore with this one in a new EXP_HOME.",
  });
}

function logEnd({ place }: Cluster): string {
  const log = join(place, "server.log");
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").slice(-2).join(" | ") : "(no log)";
}
