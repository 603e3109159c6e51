// Ships a spool's records in bulk, in order, from an offset on. What the database refuses for its content is kept as a line in the
// run's log, so that one bad event never holds up the others.
import { stat } from "node:fs/promises";
import type { Sql } from "postgres";
import { isConnectionLoss } from "../connection-error.ts";
import { applyEvents } from "../events/apply-events.ts";
import { BULK_BYTES, readSpool } from "./spool-files.ts";
import type { SpoolEvent } from "./spool-event.ts";

export interface SendResult {
  /** Where the next send goes on. */
  readonly offset: number;
  readonly events: number;
  /** Number of the last of them; null: none. */
  readonly lastSeq: number | null;
  readonly rest: "cut" | "damaged" | null;
  /** What people should know: rows recorded twice with other values, refused events. */
  readonly notices: readonly string[];
}

/** Nothing can be recorded for a run that is not there any more. */
const NO_SUCH_RUN = "23503";
const GIVE_UP_AFTER = new Set([NO_SUCH_RUN]);

export interface SendOptions {
  readonly sql: Sql;
  readonly path: string;
  readonly runId: string;
  readonly from: number;
  /** Asked again and again: the file may be written meanwhile. */
  readonly end: () => number;
}

/** So many bulks of batches are under way at the same time: one is made ready while the server takes in the other. */
const AT_ONCE = 2;

/**
 * Bulk after bulk up to the end, each as soon as it is stored, with its place in the file. Where bulks hold nothing but batches, whose
 * order does not matter, the next is sent before the last is stored. A file that is written meanwhile is followed by whole bulks only.
 * @throws the driver's error when the connection is lost: then what was not given back does not count
 */
export async function* sendSpool({ sql, path, runId, from, end }: SendOptions): AsyncGenerator<SendResult> {
  const goal = end();
  const underWay: Promise<SendResult>[] = [];
  let at = from;
  let ended = false;
  let alone = false; // what is under way must be stored before the next is sent
  let waiting: Bulk | null = null; // for what is under way
  const isDue = (): boolean => {
    if (underWay.length === 0) return waiting !== null || (!ended && (at < goal || end() - at >= BULK_BYTES));
    return waiting === null && !ended && !alone && underWay.length < AT_ONCE && end() - at >= BULK_BYTES;
  };
  try {
    for (;;) {
      while (isDue()) {
        const bulk: Bulk | null = waiting ?? (await readBulk(path, at, end()));
        waiting = null;
        ended = bulk === null || bulk.rest !== null;
        if (bulk === null) break;
        at = bulk.offset;
        if (!bulk.batches && underWay.length > 0) {
          waiting = bulk;
          break;
        }
        const sending = sendBulk(sql, runId, bulk);
        sending.catch(() => undefined); // thrown where it is awaited
        underWay.push(sending);
        alone = !bulk.batches;
      }
      const first = underWay.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    await Promise.allSettled(underWay); // nobody sends them again meanwhile
  }
}

interface Bulk extends Pick<SendResult, "offset" | "rest"> {
  readonly told: readonly SpoolEvent[];
  /** Nothing else. */
  readonly batches: boolean;
}

/** @returns null at the end */
async function readBulk(path: string, from: number, end: number): Promise<Bulk | null> {
  const { events, consumed, rest } = await readSpool(path, from, end);
  if (consumed === 0 && rest === null) return null;
  const told = events.filter(({ event }) => event.kind !== "open");
  const batches = told.every(({ event }) => event.kind === "batch");
  return { told, batches, offset: from + consumed, rest };
}

async function sendBulk(sql: Sql, runId: string, { told, offset, rest }: Bulk): Promise<SendResult> {
  const notices = told.length === 0 ? [] : await applyOrRefuse(sql, runId, told);
  return { offset, events: told.length, lastSeq: told.at(-1)?.seq ?? null, rest, notices };
}

/** All of a file that nobody writes any more. */
export async function sendFile(options: Pick<SendOptions, "sql" | "path" | "runId">): Promise<SendResult> {
  const { size } = await stat(options.path);
  let sent: SendResult = { offset: 0, events: 0, lastSeq: null, rest: null, notices: [] };
  for await (const { offset, events, lastSeq, rest, notices } of sendSpool({ ...options, from: 0, end: () => size }))
    sent = {
      ...{ offset, rest, lastSeq: lastSeq ?? sent.lastSeq },
      ...{ events: sent.events + events, notices: [...sent.notices, ...notices] },
    };
  return sent;
}

async function applyOrRefuse(sql: Sql, runId: string, events: readonly SpoolEvent[]): Promise<string[]> {
  try {
    return await applyEvents(sql, runId, events);
  } catch (error) {
    if (isConnectionLoss(error) || !isRefusal(error)) throw error;
    if (GIVE_UP_AFTER.has(codeOf(error)))
      return [`run ${runId} is not in the database any more: its events were dropped`];
    if (events.length > 1) return applyHalves(sql, runId, events);
    return refuse(sql, runId, events[0]!, error as Error);
  }
}

async function applyHalves(sql: Sql, runId: string, events: readonly SpoolEvent[]): Promise<string[]> {
  const middle = events.length >> 1;
  const first = await applyOrRefuse(sql, runId, events.slice(0, middle));
  return [...first, ...(await applyOrRefuse(sql, runId, events.slice(middle)))];
}

async function refuse(sql: Sql, runId: string, { seq, event }: SpoolEvent, error: Error): Promise<string[]> {
  const text = `an event of kind "${event.kind}" was refused by the database: ${error.message}`;
  await applyEvents(sql, runId, [{ seq, event: { kind: "log", level: "error", text } }]);
  return [text];
}

/** Data exceptions, broken constraints and names too long for an index: the same event would be refused for ever. */
export function isRefusal(error: unknown): boolean {
  return /^(22|23|54)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? "";
}
