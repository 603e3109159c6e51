// One poller a watched run, shared by all who watch it: one look for new rows a second while somebody looks, nothing otherwise.
// A reader that comes later, or comes back, costs no query of its own: the next look begins where the hindmost reader stands.
import { isAfter, newRows, type EpochPoint, type NewRows, type Position } from "../queries/curves.ts";
import type { DashboardDeps } from "../deps.ts";

export type LiveEvent =
  | { readonly name: "rows"; readonly data: NewRows }
  /** What a hook, a program or the machine logs may be more by now. */
  | { readonly name: "logged"; readonly data: null }
  | { readonly name: "end"; readonly data: { readonly status: string } };

/** Gets what one look has brought for it. */
export type Listener = (events: readonly LiveEvent[]) => void;

const EVERY_MS = 1000;
const LOOKS_PER_LOGGED = 5;

export class RunPollers {
  private readonly store: DashboardDeps["store"];
  private readonly watched = new Map<string, Watched>();

  constructor(store: DashboardDeps["store"]) {
    this.store = store;
  }

  /** @param after the last row that the listener holds already; null: it wants none @returns what ends the subscription */
  watch(runId: string, after: Position | null, listener: Listener): () => void {
    const run = this.watched.get(runId) ?? new Watched(this.store, runId);
    this.watched.set(runId, run);
    return run.add({ listener, after, epochsSent: new Set() }, () => this.watched.delete(runId));
  }
}

interface Reader {
  readonly listener: Listener;
  /** The current epoch's rows are read again each time, since its validation comes after its last batch. */
  readonly epochsSent: Set<string>;
  after: Position | null;
}

/** Owns a timer, which runs while there are readers. */
class Watched {
  private readonly readers = new Set<Reader>();
  private readonly store: DashboardDeps["store"];
  private readonly runId: string;
  private readonly timer: NodeJS.Timeout;
  private busy = false;
  private looks = 0;

  constructor(store: DashboardDeps["store"], runId: string) {
    this.store = store;
    this.runId = runId;
    this.timer = setInterval(() => void this.poll(), EVERY_MS);
    this.timer.unref();
    setImmediate(() => void this.poll());
  }

  /** @returns what takes it away again */
  add(reader: Reader, whenEmpty: () => void): () => void {
    this.readers.add(reader);
    return () => {
      if (!this.readers.delete(reader) || this.readers.size > 0) return;
      clearInterval(this.timer);
      whenEmpty();
    };
  }

  /** A database that is away is asked again a second later; the page keeps what it shows. */
  private async poll(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const { sql } = this.store;
      const hindmost = [...this.readers].map(({ after }) => after).reduce(earlier, null);
      const [run] = await sql<{ status: string }[]>`select status from runs where run_id = ${this.runId}`;
      const rows = hindmost === null ? null : await newRows(sql, this.runId, hindmost);
      const look = { rows, logged: ++this.looks % LOOKS_PER_LOGGED === 0, status: run?.status ?? "deleted" };
      for (const reader of this.readers) tell(reader, look);
    } catch (error) {
      process.stderr.write(
        `dashboard: live view of ${this.runId}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
    } finally {
      this.busy = false;
    }
  }
}

function earlier(a: Position | null, b: Position | null): Position | null {
  return a === null || (b !== null && isAfter(a, b)) ? b : a;
}

interface Look {
  /** Null: nobody wants any. */
  readonly rows: NewRows | null;
  readonly logged: boolean;
  readonly status: string;
}

function tell(reader: Reader, { rows, logged, status }: Look): void {
  const events: LiveEvent[] = [];
  const fresh = rows === null ? null : unsent(reader, rows);
  if (fresh !== null) events.push({ name: "rows", data: fresh });
  if (logged) events.push({ name: "logged", data: null });
  if (!["running", "queued"].includes(status)) events.push({ name: "end", data: { status } });
  if (events.length > 0) reader.listener(events);
}

/** Null for none. One that came while the rows were read and holds less than they begin with gets its rows at the next look. */
function unsent(reader: Reader, rows: NewRows): NewRows | null {
  const { after, epochsSent } = reader;
  if (after === null || isAfter(rows.after, after)) return null;
  const batches = rows.batches.filter((row) => isAfter(row, after));
  const epochs = rows.epochs.filter((row) => row.epoch >= after.epoch && !epochsSent.has(keyOf(row)));
  for (const row of epochs) epochsSent.add(keyOf(row));
  reader.after = batches.at(-1) ?? after;
  return batches.length + epochs.length === 0 ? null : { ...rows, batches, epochs };
}

function keyOf({ phase, epoch }: EpochPoint): string {
  return `${phase}/${epoch}`;
}
