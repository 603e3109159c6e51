// The trainer's Recorder over Postgres: spool first, then in bulk to the database, from a timer, so that `record` never waits. A new run
// begins there too. With the database away training goes on; the spool is sent when it is back, by this process or by the next command.
import { LockstepError } from "../errors.ts";
import type { Recorder, RunEvent } from "../train/recorder.ts";
import { offerArtifact } from "./artifacts/offer.ts";
import { storeName, type Store } from "./connect.ts";
import { isConnectionLoss } from "./connection-error.ts";
import { checkNames } from "./insert-run.ts";
import { ownProcess } from "./process-id.ts";
import { releaseSpool, sendLeftovers } from "./spool/leftovers.ts";
import { sendSpool } from "./spool/send-spool.ts";
import type { RunCreation } from "./spool/spool-event.ts";
import { BULK_BYTES, listSpools, removeSpool } from "./spool/spool-files.ts";
import { SpoolWriter, type Segment } from "./spool/spool-writer.ts";
import { ownUser } from "./users.ts";

export type OpenDatabase = Pick<Store, "sql" | "revive" | "name" | "away">;

export interface RecorderOptions {
  /** The database, or how to open it when it may be away now. */
  readonly store: OpenDatabase | (() => Promise<Store>);
  readonly runId: string;
  /** EXP_HOME, where the spool is. */
  readonly home: string;
  /** A run that is not in the database yet: made when its first events are sent. */
  readonly create?: RunCreation;
  /** Lines for people: the database is away, it is back, rows that differ. */
  readonly onNotice?: (text: string) => void;
}

const SEND_AFTER_MS = 200;
const SYNC_AFTER_MS = 500;
const HEARTBEAT_MS = 5_000;
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10_000;

/**
 * What an earlier process recorded of this run and could not send is sent first. A new run is in the database when this returns, so that
 * other commands find it from its first batch on, unless the database is away or is to be opened later.
 * @throws LockstepError "usage" for a name that cannot be stored
 */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const { store, create } = options;
  if (create !== undefined) checkNames(create.run);
  const recorder = new SpoolRecorder(options, await lastKnownSeq(options));
  if (create !== undefined && typeof store !== "function" && store.away === null) await recorder.flush();
  return recorder;
}

/** Numbers of events grow over all processes of a run, even where the clock was set back. */
async function lastKnownSeq({ store, runId, home }: RecorderOptions): Promise<number> {
  const inSpools = listSpools(home).filter((file) => file.runId === runId);
  const newest = Math.max(0, ...inSpools.map((file) => file.firstSeq));
  if (typeof store === "function") return newest;
  try {
    await sendLeftovers({ sql: store.sql, home, runId, database: store.name });
    const [row] = await store.sql<{ seq: number }[]>`
      select greatest(status_seq, best_seq, (select max(seq) from run_events where run_id = ${runId}),
        (select (extract(epoch from max(at)) * 1000000)::bigint from metric_values where run_id = ${runId})) as seq
      from runs where run_id = ${runId}`;
    return Math.max(newest, row?.seq ?? 0);
  } catch (error) {
    if (isConnectionLoss(error)) return newest;
    throw error;
  }
}

class SpoolRecorder implements Recorder {
  readonly runId: string;
  readonly #options: RecorderOptions;
  readonly #spool: SpoolWriter;
  readonly #heartbeat: NodeJS.Timeout;
  #store: OpenDatabase | null;
  /** What this recorder opened itself, and closes. */
  #opened: Store | null = null;
  #sendTimer: NodeJS.Timeout | null = null;
  #syncTimer: NodeJS.Timeout | null = null;
  #sending: Promise<boolean> | null = null;
  #sentTo = 0;
  #retryMs = RETRY_FIRST_MS;
  #away: boolean;
  #closed = false;

  constructor(options: RecorderOptions, afterSeq: number) {
    this.runId = options.runId;
    this.#options = options;
    this.#store = typeof options.store === "function" ? null : options.store;
    this.#away = (this.#store?.away ?? null) !== null; // that was told
    const database = this.#store?.name ?? storeName();
    this.#spool = new SpoolWriter({ home: options.home, runId: options.runId, database, afterSeq });
    if (options.create !== undefined) this.#create(options.create);
    this.#heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS).unref();
    void this.#beat();
  }

  #create({ run, data }: RunCreation): void {
    const begun = { createdAt: new Date(), userName: ownUser(), ...run };
    this.#spool.append({ kind: "create", run: begun, data, owner: ownProcess() });
  }

  record(event: RunEvent): void {
    this.#spool.append(event);
    if (event.kind === "artifact") offerArtifact(this.#options, this.runId, event);
    this.#sendTimer ??= setTimeout(() => void this.#sendLater(), SEND_AFTER_MS).unref();
    this.#syncTimer ??= setTimeout(() => void this.#sync().catch(() => undefined), SYNC_AFTER_MS).unref(); // the next record throws it
    if (this.#unsentBytes >= BULK_BYTES && this.#sending === null && !this.#away) void this.#send();
  }

  async flush(): Promise<{ readonly stored: boolean }> {
    await this.#sync();
    await this.#sending;
    return { stored: await this.#send() };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    let { stored } = await this.flush();
    while (stored && this.#unsent) ({ stored } = await this.flush()); // recorded meanwhile
    for (const timer of [this.#sendTimer, this.#syncTimer]) if (timer !== null) clearTimeout(timer);
    this.#spool.close();
    for (const { path } of this.#spool.segments) (stored ? removeSpool : releaseSpool)(path);
    await this.#opened?.close();
  }

  async #sync(): Promise<void> {
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
    this.#syncTimer = null;
    await this.#spool.sync();
  }

  async #sendLater(): Promise<void> {
    const stored = await this.#send();
    this.#sendTimer = null;
    if (this.#closed) return;
    if (!stored) this.#sendTimer = setTimeout(() => void this.#sendLater(), this.#nextRetryMs()).unref();
    else if (this.#unsent) this.#sendTimer = setTimeout(() => void this.#sendLater(), SEND_AFTER_MS).unref();
  }

  #nextRetryMs(): number {
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MOST_MS);
    return this.#retryMs;
  }

  /** Of the oldest segment. */
  get #unsentBytes(): number {
    return (this.#spool.segments[0]?.end ?? 0) - this.#sentTo;
  }

  get #unsent(): boolean {
    return this.#spool.segments.length > 1 || this.#unsentBytes > 0;
  }

  /** One sender at a time. @returns whether all that was recorded when it began is stored */
  async #send(): Promise<boolean> {
    this.#sending ??= this.#drain().finally(() => (this.#sending = null));
    return this.#sending;
  }

  async #drain(): Promise<boolean> {
    try {
      this.#store ??= this.#opened = await (this.#options.store as () => Promise<Store>)();
      await this.#sendAll(this.#store);
    } catch (error) {
      this.#tellAway(error);
      return false;
    }
    if (this.#away) this.#options.onNotice?.("The database is back; everything recorded meanwhile is stored.");
    this.#away = false;
    this.#retryMs = RETRY_FIRST_MS;
    return true;
  }

  /** Once more after a lost connection: an embedded server is started again. */
  async #sendAll(store: OpenDatabase): Promise<void> {
    try {
      await this.#sendSegments(store);
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      await store.revive();
      await this.#sendSegments(store);
    }
  }

  /** All that stands there now; what is recorded meanwhile goes with the next bulk, so that a busy trainer does not send single rows. */
  async #sendSegments(store: OpenDatabase): Promise<void> {
    const last = this.#spool.segments.at(-1);
    for (let segment; segment !== last && this.#unsent;) {
      segment = this.#spool.segments[0]!;
      await this.#sendSegment(store, segment);
    }
  }

  async #sendSegment({ sql }: OpenDatabase, segment: Segment): Promise<void> {
    const { path } = segment;
    const before = this.#sentTo;
    for await (const sent of sendSpool({ sql, path, runId: this.runId, from: before, end: () => segment.end })) {
      this.#sentTo = sent.offset;
      for (const notice of sent.notices) this.#options.onNotice?.(notice);
      if (sent.rest !== null) throw damaged(path, sent.offset);
    }
    if (this.#sentTo === before && before < segment.end) throw damaged(path, before);
    if (this.#spool.segments.length === 1 || this.#sentTo < segment.end) return;
    this.#spool.segments.shift();
    this.#sentTo = 0;
    removeSpool(path);
  }

  #tellAway(error: unknown): void {
    if (this.#away) return;
    this.#away = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onNotice?.(`The database is away (${reason}); the run goes on and its events are kept in the spool.`);
  }

  /** Missing beats matter only when many of them are missing: then the run counts as lost. */
  async #beat(): Promise<void> {
    if (this.#store === null || this.#away) return;
    const { sql } = this.#store;
    await sql`
      update runs set heartbeat_at = now(), owner = ${ownProcess()},
        status = case when status = 'lost' then 'running' else status end
      where run_id = ${this.runId} and status in ('running', 'lost')`.catch(() => undefined);
  }
}

function damaged(path: string, offset: number): LockstepError {
  return new LockstepError({
    code: "storage",
    message: `The spool ${path} was changed from outside at byte ${offset}: no whole record stands there.`,
    next: "exp spool flush sends what can be read.",
  });
}
