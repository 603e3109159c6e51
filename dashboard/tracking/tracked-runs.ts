// Runs that programs log over HTTP: each has a recorder in this process, as startRun has in its own. A program that says nothing for
// ten minutes is given up, and taken up again when it speaks; so are runs that were begun before the dashboard was started anew.
import { LockstepError } from "../../core/errors.ts";
import { describeRun, openTracked, type OpenTracked, type RunAbout } from "../../core/store/track.ts";
import type { DashboardDeps } from "../deps.ts";

const SILENT_MS = 10 * 60_000;
const LOOK_EVERY_MS = 30_000;

interface Session {
  readonly run: Promise<OpenTracked>;
  heardAt: number;
}

export class TrackedRuns {
  readonly #deps: Pick<DashboardDeps, "store" | "home">;
  readonly #sessions = new Map<string, Session>();
  #timer: NodeJS.Timeout | null = null;

  constructor(deps: Pick<DashboardDeps, "store" | "home">) {
    this.#deps = deps;
  }

  /** Begins a run; one whose id is known already is gone on with, so that a request can be sent again. @returns its id */
  async begin(about: RunAbout & { readonly runId?: string }): Promise<string> {
    const create = describeRun(about);
    const known = this.#sessions.has(create.runId) || (about.runId !== undefined && (await this.#find(create.runId)));
    if (!known) await this.#open(create.runId, create);
    else await this.get(create.runId);
    return create.runId;
  }

  /** @throws LockstepError "run-not-found", or "run-state" where nothing more can be logged to it */
  async get(runId: string): Promise<OpenTracked> {
    const session = this.#sessions.get(runId);
    if (session === undefined) {
      checkOpen(runId, await this.#find(runId));
      return this.#open(runId, null);
    }
    session.heardAt = Date.now();
    return session.run;
  }

  async finish(runId: string, status: "done" | "failed" | "interrupted"): Promise<{ readonly stored: boolean }> {
    const run = await this.get(runId);
    this.#sessions.delete(runId);
    return run.finish(status);
  }

  /** Sends what was logged and lets go of all runs; they count as lost unless their programs go on with them. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map(async ({ run }) => (await run).close()));
  }

  #open(runId: string, create: Parameters<typeof openTracked>[0]["create"]): Promise<OpenTracked> {
    this.#timer ??= setInterval(() => void this.#giveUpSilent(), LOOK_EVERY_MS).unref();
    const onNotice = (text: string): void => void process.stderr.write(`run ${runId}: ${text}\n`);
    const run = openTracked({ ...this.#deps, onNotice, runId, create, system: false });
    this.#sessions.set(runId, { run, heardAt: Date.now() });
    return run.catch((error: unknown) => {
      this.#sessions.delete(runId);
      throw error;
    });
  }

  async #giveUpSilent(): Promise<void> {
    for (const [runId, { run, heardAt }] of this.#sessions) {
      if (Date.now() - heardAt < SILENT_MS) continue;
      this.#sessions.delete(runId);
      await (await run).finish("lost");
    }
  }

  async #find(runId: string): Promise<StoredRun | null> {
    const [row] = await this.#deps.store.sql<StoredRun[]>`
      select kind, status from runs where run_id = ${runId} and deleted_at is null`;
    return row ?? null;
  }
}

interface StoredRun {
  readonly kind: string;
  readonly status: string;
}

function checkOpen(runId: string, run: StoredRun | null): void {
  if (run === null)
    throw new LockstepError({
      code: "run-not-found",
      message: `there is no run ${runId}`,
      next: "POST /api/v1/runs makes one.",
    });
  if (run.kind === "tracked" && run.status !== "done") return;
  throw new LockstepError({
    code: "run-state",
    message: `run ${runId} is ${run.kind === "tracked" ? run.status : run.kind}: nothing more is logged to it`,
    next: "POST /api/v1/runs makes another one.",
  });
}
