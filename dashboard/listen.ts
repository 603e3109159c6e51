// Listening for HTTP: the dashboard's, and what serves predictions.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { LockstepError } from "../core/errors.ts";

export interface ListenOptions {
  /** 0 takes any free one. */
  readonly port: number;
  readonly host: string;
  /** What listens, for errors. */
  readonly what: string;
}

export interface Listening {
  /** Such as "http://127.0.0.1:4500/". */
  readonly url: string;
  /** Ends live streams too, which would otherwise keep the server open. */
  readonly close: () => Promise<void>;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host);
}

/** @throws LockstepError "port-in-use"; "usage" for an address that is not this machine's */
export async function listenAt(
  { fetch }: Pick<Hono, "fetch">,
  { port, host, what }: ListenOptions,
): Promise<Listening> {
  const server = createAdaptorServer({ fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, { port, host, what })));
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const name = host.includes(":") ? `[${host}]` : host;
  return { url: `http://${name}:${bound}/`, close: () => closeAll(server) };
}

function listenError(cause: NodeJS.ErrnoException, { port, host, what }: ListenOptions): Error {
  if (cause.code === "EADDRINUSE")
    return new LockstepError({
      code: "port-in-use",
      message: `${what}: port ${port} on ${host} is in use by another program`,
      next: "Choose another with --port N; --port 0 takes any free one.",
      cause,
    });
  return new LockstepError({
    code: "usage",
    message: `${what}: cannot listen on ${host}:${port}: ${cause.message}`,
    next: "Give an address of this machine with --host, and a port from 1024 to 65535 with --port.",
    cause,
  });
}

function closeAll(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
