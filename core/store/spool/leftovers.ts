// Spools whose process is gone, or that a run could not send before it ended: the next exp command sends them.
import type { Sql } from "postgres";
import { processLives } from "../process-id.ts";
import type { OpenEvent } from "./spool-event.ts";
import { listSpools, readSpool, removeSpool, setAsideSpool, type SpoolFile } from "./spool-files.ts";
import { sendFile } from "./send-spool.ts";

export interface SpoolState extends SpoolFile {
  /** Null: on another machine that shares this home. */
  readonly writerLives: boolean | null;
}

export async function describeSpools(home: string): Promise<SpoolState[]> {
  return Promise.all(listSpools(home).map(async (file) => ({ ...file, writerLives: await writerLives(file.path) })));
}

/** Files that a recorder of this process has given up while the database was away. */
const released = new Set<string>();

/** From now on the file counts as left over, though its writer lives. */
export function releaseSpool(path: string): void {
  released.add(path);
}

export interface LeftoverOptions {
  readonly sql: Sql;
  readonly home: string;
  /** Only this run's; default all. */
  readonly runId?: string;
}

export interface LeftoverResult {
  readonly files: number;
  readonly events: number;
  readonly notices: readonly string[];
}

/** Sends and removes what no living process will. @throws the driver's error when the connection is lost */
export async function sendLeftovers({ sql, home, runId }: LeftoverOptions): Promise<LeftoverResult> {
  const spools = (await describeSpools(home)).filter((file) => file.writerLives === false);
  const chosen = spools.filter((file) => runId === undefined || file.runId === runId);
  const notices: string[] = [];
  let events = 0;
  for (const { path, runId: owner, bytes } of chosen) {
    const sent = await sendFile({ sql, path, runId: owner, from: 0 });
    events += sent.events;
    notices.push(...sent.notices, ...tellRest(path, sent.rest, bytes - sent.offset));
    if (sent.rest !== "damaged") removeSpool(path);
  }
  return { files: chosen.length, events, notices };
}

/** A record cut short was never acknowledged; a damaged file is kept. */
function tellRest(path: string, rest: "cut" | "damaged" | null, bytes: number): string[] {
  if (rest === null) return [];
  if (rest === "cut") return [`${path} ended in the middle of a record: its last ${bytes} bytes were not recorded`];
  return [
    `${path} is damaged: what stands before was sent, the other ${bytes} bytes are kept in ${setAsideSpool(path)}`,
  ];
}

/** A file without a readable beginning has no writer that could go on. */
async function writerLives(path: string): Promise<boolean | null> {
  if (released.has(path)) return false;
  const first = (await readSpool(path, 0).catch(ifGone))?.events[0]?.event as OpenEvent | undefined;
  return first?.kind === "open" ? processLives(first.owner) : false;
}

function ifGone(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null; // sent by another process meanwhile
  throw error;
}
