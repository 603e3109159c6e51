// `exp doctor`: looks at all that a run needs on this machine, and says of each what is wrong and what to do. Nothing is changed, but
// that an embedded server is started and its tables are brought up to date, as every command does.
import { constants } from "node:fs";
import { access, mkdir, statfs } from "node:fs/promises";
import { availableParallelism, freemem, totalmem } from "node:os";
import { listEngines } from "../engine/list.ts";
import { LockstepError } from "../errors.ts";
import { listOurs } from "../store/artifacts/send-uploads.ts";
import { openArtifactStore } from "../store/artifacts/uploader.ts";
import { openStore, type Store } from "../store/index.ts";
import { describeSpools } from "../store/spool/leftovers.ts";
import { listDamaged } from "../store/spool/spool-files.ts";

export interface Finding {
  /** What was looked at: "node", "machine", … */
  readonly what: string;
  readonly state: "ok" | "warning" | "problem";
  readonly text: string;
  /** What to do; null where nothing need be done. */
  readonly next: string | null;
}

const OLDEST_NODE = [20, 9] as const;
/** A program for 224 px and batches of 32 takes 0.8 GB; images, server and dashboard come on top. */
const LEAST_MEMORY = 2e9;
const LEAST_DISK = 2e9;
/** Heartbeats and durations are compared between machines: clocks further apart make living runs look lost. */
const MOST_CLOCK_SKEW_S = 5;

/** @param home EXP_HOME @returns findings in the order in which a run would meet them */
export async function examine(home: string): Promise<Finding[]> {
  return [node(), machine(), await disk(home), ...(await engines()), ...(await database(home)), await spool(home)];
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldest, least] = OLDEST_NODE;
  if (major > oldest || (major === oldest && minor >= least)) return ok("node", process.version);
  return problem("node", `${process.version}; ${oldest}.${least} or later is needed`, "Install a current Node.js.");
}

function machine(): Finding {
  const memory = totalmem();
  const text = `${process.platform}-${process.arch}, ${availableParallelism()} cores, ${gigabytes(memory)} of memory, ${gigabytes(freemem())} free`;
  if (process.platform !== "linux")
    return problem("machine", text, "Lockstep runs on Linux; on Windows use WSL 2, on macOS a Linux container.");
  if (memory < LEAST_MEMORY) return warning("machine", text, "Use a small batchSize, imageSizePx or widthMult.");
  return ok("machine", text);
}

async function disk(home: string): Promise<Finding> {
  try {
    await mkdir(home, { recursive: true });
    await access(home, constants.W_OK);
    const { bavail, bsize } = await statfs(home);
    const text = `${home}, ${gigabytes(bavail * bsize)} free`;
    return bavail * bsize < LEAST_DISK
      ? warning("home", text, "Make room: exp gc removes caches that nothing uses.")
      : ok("home", text);
  } catch (error) {
    return problem(
      "home",
      `${home}: ${(error as Error).message}`,
      "Set EXP_HOME to a folder that this user may write.",
    );
  }
}

async function engines(): Promise<Finding[]> {
  const listed = await listEngines();
  return listed.map(({ name, kernels, device, available, reason }) => {
    const what = `engine ${name}`;
    if (available) return ok(what, [kernels, device].filter((part) => part !== null).join(", "));
    const text = `not available: ${reason ?? "unknown"}`;
    if (name === "portable") return problem(what, text, "Install the package again: npm ci.");
    return { what, state: "ok", text: `${text} (needed only for --engine ${name})`, next: null };
  });
}

async function database(home: string): Promise<Finding[]> {
  let store: Store;
  try {
    store = await openStore({ home });
  } catch (error) {
    if (error instanceof LockstepError) return [problem("database", error.message, error.next)];
    throw error;
  }
  try {
    return [await server(store), await clock(store), await reader(store), await artifactStore(store)];
  } finally {
    await store.close();
  }
}

async function server({ sql, embedded }: Store): Promise<Finding> {
  const began = performance.now();
  const [row] = await sql<{ version: string; bytes: number; runs: number }[]>`
    select current_setting('server_version') as version, pg_database_size(current_database()) as bytes,
      (select count(*)::int from runs) as runs`;
  const ms = performance.now() - began;
  const where = embedded ? "embedded" : "DATABASE_URL";
  const text = `PostgreSQL ${row?.version} (${where}), ${row?.runs} runs, ${gigabytes(row?.bytes ?? 0)}, answers in ${ms.toFixed(0)} ms`;
  return ok("database", text);
}

async function clock({ sql }: Store): Promise<Finding> {
  const before = Date.now();
  const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
  const middle = (before + Date.now()) / 2;
  const skewS = ((row?.now.getTime() ?? middle) - middle) / 1000;
  const text = `the database's clock is ${Math.abs(skewS).toFixed(1)} s ${skewS < 0 ? "behind" : "ahead of"} this machine's`;
  return Math.abs(skewS) > MOST_CLOCK_SKEW_S
    ? warning("clock", text, "Let both follow a time server (NTP): living runs may look lost.")
    : ok("clock", text);
}

async function reader({ sql }: Store): Promise<Finding> {
  const [row] = await sql<{ present: boolean }[]>`select to_regrole('lockstep_reader') is not null as present`;
  if (row?.present === true) return ok("queries", "exp sql and the query page use the role lockstep_reader");
  return warning(
    "queries",
    "there is no role lockstep_reader: queries rely on read-only transactions alone",
    "Let a user who may create roles run one exp command, or create it: create role lockstep_reader nologin.",
  );
}

async function artifactStore(store: Store): Promise<Finding> {
  try {
    const objects = await openArtifactStore(store);
    if (objects === null)
      return ok("artifacts", "in EXP_HOME alone; ARTIFACTS_URL names an S3 bucket or a shared folder");
    const began = performance.now();
    await objects.check();
    objects.close();
    return ok(
      "artifacts",
      `${objects.name}, writes and removes a file in ${(performance.now() - began).toFixed(0)} ms`,
    );
  } catch (error) {
    if (error instanceof LockstepError) return problem("artifacts", error.message, error.next);
    throw error;
  }
}

async function spool(home: string): Promise<Finding> {
  const waiting = (await describeSpools(home)).filter(({ writerLives }) => writerLives !== true);
  const damaged = listDamaged(home);
  if (damaged.length > 0)
    return warning(
      "spool",
      `${damaged.length} damaged files`,
      "exp spool status names them; what is whole of them was sent.",
    );
  const uploads = listOurs(home).length;
  if (waiting.length + uploads > 0)
    return warning(
      "spool",
      `${waiting.length} files wait for the database, ${uploads} for the artifact store`,
      "exp spool flush sends them.",
    );
  return ok("spool", "nothing waits");
}

function ok(what: string, text: string): Finding {
  return { what, state: "ok", text, next: null };
}

function warning(what: string, text: string, next: string): Finding {
  return { what, state: "warning", text, next };
}

function problem(what: string, text: string, next: string | null): Finding {
  return { what, state: "problem", text, next };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
