// Tells every list page that something changed: one query a second over the runs that are going on, while somebody looks.
import type { DashboardDeps } from "../deps.ts";

const EVERY_MS = 1500;

/** Owns one timer; it runs while there are listeners. */
export class ListPoller {
  private readonly store: DashboardDeps["store"];
  private readonly listeners = new Set<() => void>();
  private timer: NodeJS.Timeout | null = null;
  private last: string | null = null;

  constructor(store: DashboardDeps["store"]) {
    this.store = store;
  }

  /** @returns what ends the subscription */
  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    if (this.timer === null) {
      this.timer = setInterval(() => void this.poll(), EVERY_MS);
      this.timer.unref();
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0 || this.timer === null) return;
      clearInterval(this.timer);
      this.timer = null;
      this.last = null;
    };
  }

  private async poll(): Promise<void> {
    try {
      const [row] = await this.store.sql<{ state: string }[]>`
        select concat_ws('/', count(*), max(created_at), max(ended_at), count(*) filter (where status = 'running'),
            count(*) filter (where status = 'queued'), (
            select sum(e.epoch) from epochs e join runs r using (run_id) where r.status = 'running' and e.phase = 'val'
          )) as state from runs where deleted_at is null`;
      const state = row?.state ?? "";
      if (this.last !== null && this.last !== state) for (const listener of this.listeners) listener();
      this.last = state;
    } catch (error) {
      process.stderr.write(`dashboard: live lists: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}
