// Ships a spool's records in bulk, in order, from an offset on. What the database refuses for its content is kept as a line in the
// run's log, so that one bad event never holds up the others.
import type { Sql } from "postgres";
import { isConnectionLoss } from "../connection-error.ts";
import { applyEvents } from "../events/apply-events.ts";
import { readSpool } from "./spool-files.ts";
import type { SpoolEvent } from "./spool-event.ts";

export interface SendResult {
  /** Where the next send goes on. */
  readonly offset: number;
  readonly events: number;
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
  /** Default: the file's end. */
  readonly end?: number;
}

/** So many bulks of batches are under way at the same time: one is inserted while the next is read. */
const AT_ONCE = 2;

/**
 * One bulk of records, or a few where they hold nothing but batches, whose order does not matter.
 * @throws the driver's error when the connection is lost: then nothing of them counts
 */
export async function sendBulk({ sql, path, runId, from, end }: SendOptions): Promise<SendResult> {
  const sent: { readonly events: number; readonly notices: Promise<string[]> }[] = [];
  let offset = from;
  let rest: SendResult["rest"] = null;
  while (sent.length < AT_ONCE) {
    const bulk = await readSpool(path, offset, end);
    const told = bulk.events.filter(({ event }) => event.kind !== "open");
    const inOrder = !told.every(({ event }) => event.kind === "batch");
    if (inOrder && sent.length > 0) break; // after those before it
    const notices = told.length === 0 ? Promise.resolve([]) : applyOrRefuse(sql, runId, told);
    notices.catch(() => undefined); // thrown below
    sent.push({ events: told.length, notices });
    offset += bulk.consumed;
    ({ rest } = bulk);
    if (inOrder || rest !== null || bulk.consumed === 0) break;
  }
  const ended = await Promise.allSettled(sent.map(({ notices }) => notices));
  const failed = ended.find(({ status }) => status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  const notices = ended.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  return { offset, events: sent.reduce((sum, { events }) => sum + events, 0), rest, notices };
}

/** All bulks up to the end. */
export async function sendFile(options: SendOptions): Promise<SendResult> {
  let result: SendResult = { offset: options.from, events: 0, rest: null, notices: [] };
  for (;;) {
    const next = await sendBulk({ ...options, from: result.offset });
    const notices = [...result.notices, ...next.notices];
    const done = next.offset === result.offset;
    result = { ...next, events: result.events + next.events, notices };
    if (done || next.rest !== null || next.offset === options.end) return result;
  }
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
function isRefusal(error: unknown): boolean {
  return /^(22|23|54)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? "";
}
