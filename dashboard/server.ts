// The one file of the dashboard that listens. Loopback by default; any other address is guarded by a token.
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { LockstepError } from "../core/errors.ts";
import { createApp } from "./app.ts";
import type { DashboardDeps } from "./deps.ts";
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
}

export interface Dashboard {
  /** With the token when there is one. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export const DEFAULT_PORT = 4500;
const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** @throws LockstepError "port-in-use" */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { store, home, port = DEFAULT_PORT, host = "127.0.0.1" } = options;
  const loopback = LOOPBACK.includes(host);
  const token = options.token ?? (loopback ? null : randomBytes(16).toString("hex"));
  const tracked = new TrackedRuns({ store, home });
  const app = createApp({ store, home, host: loopback ? null : host, token, tracked });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await listen(server, port, host);
  const bound = (server.address() as AddressInfo).port;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}/${token === null ? "" : `?token=${token}`}`,
    close: async () => {
      await closeAll(server);
      await tracked.close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)));
    server.listen(port, host, resolve);
  });
}

function listenError(cause: NodeJS.ErrnoException, port: number, host: string): Error {
  if (cause.code === "EADDRINUSE")
    return new LockstepError({
      code: "port-in-use",
      message: `dashboard: port ${port} on ${host} is in use by another program`,
      next: "Choose another with --port N; --port 0 takes any free one.",
      cause,
    });
  return new LockstepError({
    code: "usage",
    message: `dashboard: cannot listen on ${host}:${port}: ${cause.message}`,
    next: "Give an address of this machine with --host, and a port from 1024 to 65535 with --port.",
    cause,
  });
}

/** Ends live streams too, which would otherwise keep the server open. */
function closeAll(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
