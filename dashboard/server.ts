// The dashboard as a server. Loopback by default; any other address is guarded by a token.
import { randomBytes } from "node:crypto";
import type { Hono } from "hono";
import type { DashboardDeps } from "./deps.ts";
import { isLoopback, listenAt } from "./listen.ts";
import { TrackedRuns } from "./tracking/tracked-runs.ts";

export interface DashboardOptions {
  readonly store: DashboardDeps["store"];
  /** EXP_HOME. */
  readonly home: string;
  /** Default 4500; 0 takes any free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Asked of whoever looks; made when the host is not loopback and none is given. */
  readonly token?: string | null;
  /** Whether only named users come in, each with a token of their own; then none is made. */
  readonly users?: boolean;
}

export interface Dashboard {
  /** With the token when there is one. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export const DEFAULT_PORT = 4500;

/** @throws LockstepError "port-in-use" */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { store, home, users = false, port = DEFAULT_PORT, host = "127.0.0.1" } = options;
  const token = options.token ?? (isLoopback(host) || users ? null : randomBytes(16).toString("hex"));
  const tracked = new TrackedRuns({ store, home });
  const createApp = async (): Promise<Hono> =>
    (await import("./app.ts")).createApp({ store, home, host: isLoopback(host) ? null : host, token, users, tracked });
  let app: Promise<Hono> | null = null; // loaded by the first request: `exp run` begins to train before
  const fetch: Hono["fetch"] = async (...request) => (await (app ??= createApp())).fetch(...request);
  const server = await listenAt({ fetch }, { port, host, what: "dashboard" });
  return {
    url: `${server.url}${token === null ? "" : `?token=${token}`}`,
    close: async () => {
      await server.close();
      await tracked.close();
    },
  };
}
