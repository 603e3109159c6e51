// One poller a watched run, shared by all who watch it: new rows once a second while somebody looks, nothing otherwise.
import { newRows, type NewRows } from "../queries/curves.ts";
import type { DashboardDeps } from "../deps.ts";

export type LiveEvent =
  | { readonly name: "rows"; readonly data: NewRows }
  | { readonly name: "progress"; readonly data: Progress }
  | { readonly name: "end"; readonly data: { readonly status: string } };

export interface Progress {
  readonly epoch: number;
  readonly batch: string;
  /** 0 to 1. */
  readonly share: number;
  readonly imagesPerSecond: string;
  readonly left: string;
}

export type Listener = (event: LiveEvent) => void;

const EVERY_MS = 1000;

/** Owns the timers; `stop` ends them all. */
export class RunPollers {
  private readonly store: DashboardDeps["store"];
  private readonly watched = new Map<string, Watched>();

  constructor(store: DashboardDeps["store"]) {
    this.store = store;
  }

  /** @returns what ends the subscription */
  watch(runId: string, listener: Listener): () => void {
    let run = this.watched.get(runId);
    if (run === undefined) {
      run = new Watched(this.store, runId);
      this.watched.set(runId, run);
    }
    run.listeners.add(listener);
    const mine = run;
    return () => {
      mine.listeners.delete(listener);
      if (mine.listeners.size > 0) return;
      mine.stop();
      this.watched.delete(runId);
    };
  }

  /** How many runs are polled now. */
  get size(): number {
    return this.watched.size;
  }
}

class Watched {
  readonly listeners = new Set<Listener>();
  private readonly store: DashboardDeps["store"];
  private readonly runId: string;
  private readonly timer: NodeJS.Timeout;
  private readonly epochsSent = new Set<string>();
  private after = { epoch: 0, batch: 0 };
  private busy = false;

  constructor(store: DashboardDeps["store"], runId: string) {
    this.store = store;
    this.runId = runId;
    this.timer = setInterval(() => void this.poll(), EVERY_MS);
    this.timer.unref();
    void this.poll();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** A database that is away is asked again a second later; the page keeps what it shows. */
  private async poll(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const [run] = await this.store.sql<RunState[]>`
        select status, epochs, batch_size, train_samples from runs where run_id = ${this.runId}`;
      const rows = this.unsent(await newRows(this.store.sql, this.runId, this.after));
      const last = rows.batches.at(-1);
      if (last !== undefined) this.after = { epoch: last.epoch, batch: last.batch };
      if (rows.batches.length > 0 || rows.epochs.length > 0) this.send({ name: "rows", data: rows });
      if (last !== undefined && run !== undefined) this.send({ name: "progress", data: progressOf(run, last) });
      if (run === undefined || !["running", "queued"].includes(run.status))
        this.send({ name: "end", data: { status: run?.status ?? "deleted" } });
    } catch (error) {
      process.stderr.write(
        `dashboard: live view of ${this.runId}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
    } finally {
      this.busy = false;
    }
  }

  /** The current epoch's rows are read again each time, since its validation comes after its last batch. */
  private unsent({ batches, epochs }: NewRows): NewRows {
    const keyOf = ({ phase, epoch }: NewRows["epochs"][number]) => `${phase}/${epoch}`;
    const fresh = epochs.filter((row) => !this.epochsSent.has(keyOf(row)));
    for (const row of fresh) this.epochsSent.add(keyOf(row));
    return { batches, epochs: fresh };
  }

  private send(event: LiveEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

interface RunState {
  readonly status: string;
  readonly epochs: number | null;
  readonly batch_size: number | null;
  readonly train_samples: number | null;
}

function progressOf(run: RunState, last: NewRows["batches"][number]): Progress {
  const perEpoch = Math.ceil((run.train_samples ?? 0) / (run.batch_size ?? 1)) || last.batch;
  const done = (last.epoch - 1) * perEpoch + last.batch;
  const total = (run.epochs ?? last.epoch) * perEpoch;
  return {
    epoch: last.epoch,
    batch: `${last.batch} of ${perEpoch}`,
    share: Math.min(1, done / total),
    imagesPerSecond: last.imagesPerSecond.toFixed(0),
    left: `${Math.max(0, Math.round((last.seconds / done) * (total - done)))} s`,
  };
}
