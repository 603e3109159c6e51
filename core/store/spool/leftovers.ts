// Spools whose process is gone, or that a run could not send before it ended: the next exp command with the same database sends them.
import type { Sql } from "postgres";
import { momentOf } from "../events/targets.ts";
import { processLives } from "../process-id.ts";
import type { CreateEvent, OpenEvent } from "./spool-event.ts";
import { listSpools, readSpool, removeSpool, setAsideSpool, type SpoolFile } from "./spool-files.ts";
import { isRefusal, sendFile, type SendResult } from "./send-spool.ts";

export interface SpoolState extends SpoolFile {
  /** Null: on another machine that shares this home. */
  readonly writerLives: boolean | null;
  /** Process that wrote it; null: that cannot be read. */
  readonly owner: string | null;
  /** Name of the database that it is for; null: any. */
  readonly database: string | null;
  /** "experiment/variant/seed" of a run that begins in this file, else null. */
  readonly runName: string | null;
}

export async function describeSpools(home: string): Promise<SpoolState[]> {
  return Promise.all(listSpools(home).map(describe));
}

/** A file without a readable beginning has no writer that could go on. */
async function describe(file: SpoolFile): Promise<SpoolState> {
  const events = await readSpool(file.path, 0).then((read) => read.events, nothingIfGone);
  const [first, second] = events.map(({ event }) => event as OpenEvent | CreateEvent);
  const open = first?.kind === "open" ? first : null;
  const run = second?.kind === "create" ? second.run : null;
  return {
    ...file,
    writerLives: released.has(file.path) || open === null ? false : processLives(open.owner),
    owner: open?.owner ?? null,
    database: open?.database ?? null,
    runName: run === null ? null : `${run.experiment}/${run.variant}/${run.seed}`,
  };
}

/** Files that a recorder of this process has given up while the database was away. */
const released = new Set<string>();

/** From now on the file counts as left over, though its writer lives. */
export function releaseSpool(path: string): void {
  released.add(path);
}

/** Those of this process that are still there. */
export function releasedSpools(home: string): SpoolFile[] {
  return listSpools(home).filter(({ path }) => released.has(path));
}

export interface LeftoverOptions {
  readonly sql: Sql;
  readonly home: string;
  /** Name of the store that `sql` belongs to: files for another one stay. Null: all are sent here. */
  readonly database: string | null;
  /** Only this run's; default all. */
  readonly runId?: string;
}

export interface LeftoverResult {
  readonly files: number;
  readonly events: number;
  readonly notices: readonly string[];
  /** Names of other databases that files wait for, one a file. */
  readonly elsewhere: readonly string[];
}

/** Sends and removes what no living process will. @throws the driver's error when the connection is lost */
export async function sendLeftovers({ sql, home, database, runId }: LeftoverOptions): Promise<LeftoverResult> {
  const spools = (await describeSpools(home)).filter((file) => file.writerLives === false);
  const chosen = spools.filter((file) => runId === undefined || file.runId === runId);
  const isOther = (file: SpoolState) => database !== null && file.database !== null && file.database !== database;
  const notices: string[] = [];
  let files = 0;
  let events = 0;
  for (const file of chosen.filter((one) => !isOther(one))) {
    if (database === null && !(await belongsHere(sql, file))) {
      notices.push(`${file.path} is of a run that was begun in the database ${file.database}, and stays for it`);
      continue;
    }
    const sent = await sendLeftover(sql, file);
    files += 1;
    events += sent.events;
    notices.push(...sent.notices);
    if (sent.rest !== "damaged") removeSpool(file.path);
  }
  return { files, events, notices, elsewhere: chosen.filter(isOther).map((file) => file.database!) };
}

/** A run can begin in any database; the rest of one can be sent only where it began. */
async function belongsHere(sql: Sql, { runId, runName, database }: SpoolState): Promise<boolean> {
  if (runName !== null || database === null) return true;
  return (await sql`select from runs where run_id = ${runId}`).length > 0;
}

type Sent = Pick<SendResult, "events" | "rest" | "notices">;

/** A file that the database refuses as a whole is kept, and holds up no other. */
async function sendLeftover(sql: Sql, file: SpoolState): Promise<Sent> {
  try {
    const sent = await sendFile({ sql, path: file.path, runId: file.runId });
    if (sent.lastSeq !== null) await endWith(sql, file, momentOf(sent.lastSeq));
    return { ...sent, notices: [...sent.notices, ...tellRest(file.path, sent.rest, file.bytes - sent.offset)] };
  } catch (error) {
    if (isGone(error)) return { events: 0, rest: null, notices: [] };
    if (!isRefusal(error)) throw error;
    const notice = `${file.path} is refused by the database (${(error as Error).message}) and kept in ${setAsideSpool(file.path)}`;
    return { events: 0, rest: "damaged", notices: [notice] };
  }
}

/** A run that its process left running ended with its last event, not now. */
async function endWith(sql: Sql, { runId, owner }: SpoolState, moment: string): Promise<void> {
  await sql`update runs set heartbeat_at = ${moment}
    where run_id = ${runId} and status = 'running' and owner = ${owner} and heartbeat_at > ${moment}`;
}

/** A record cut short was never acknowledged; a damaged file is kept. */
function tellRest(path: string, rest: "cut" | "damaged" | null, bytes: number): string[] {
  if (rest === null) return [];
  if (rest === "cut") return [`${path} ended in the middle of a record: its last ${bytes} bytes were not recorded`];
  return [
    `${path} is damaged: what stands before was sent, the other ${bytes} bytes are kept in ${setAsideSpool(path)}`,
  ];
}

/** Another process may send the same file, and remove it first. */
function isGone(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code === "ENOENT" && (syscall === "open" || syscall === "stat");
}

function nothingIfGone(error: unknown): [] {
  if (isGone(error)) return [];
  throw error;
}
