// What a failed connection means, in one line that never shows the password.
import { LockstepError } from "../errors.ts";

/** A connection string fit for people's eyes. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:@/]*):.*@/i, "$1:***@");
}

/** Errors that mean "no connection", as opposed to a statement that failed. */
const CONNECTION = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ERR_SOCKET_CLOSED", // see socket.ts
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "57P01", // the server is shutting down
  "57P02", // it crashed
  "57P03", // it is starting up
  "08000",
  "08003",
  "08006",
  "08P01", // PgBouncer: no server to pass the query on to
  "53300", // too many connections
]);

/** No server answers. What can do without goes on: a training keeps its events in the spool. */
export class DatabaseAway extends LockstepError {}

/** Whether waiting and trying again can help. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof DatabaseAway) return true;
  const { code = "", message = "" } = (error ?? {}) as { code?: string; message?: string };
  return CONNECTION.has(code) && !isPoolerSetting(code, message);
}

/** What PgBouncer refuses for its own settings is to be mended there. */
function isPoolerSetting(code: string, message: string): boolean {
  return code === "08P01" && message.includes("startup parameter");
}

/** Makes an error of opening the database one that a user can act on; a LockstepError passes through. */
export function connectionError(error: unknown, url: string): LockstepError {
  if (error instanceof LockstepError) return error;
  const { code = "", message } = error as { code?: string; message: string };
  const shown = withoutPassword(url);
  if (isConnectionLoss(error))
    return new DatabaseAway({ code: "database", message: awayText(code, shown), next: CHECK_URL, cause: error });
  const explained = explain(code, message, shown);
  return explained === null
    ? new LockstepError({ code: "database", message: `${shown}: ${message}`, next: CHECK_URL, cause: error })
    : new LockstepError({ code: "database", ...explained, cause: error });
}

const CHECK_URL = "Check DATABASE_URL, or unset it to use the embedded server.";

function awayText(code: string, shown: string): string {
  if (code === "ERR_SOCKET_CLOSED")
    return `What listens at ${shown} is no PostgreSQL server, or closes every connection at once.`;
  if (code === "57P03") return `The database at ${shown} is starting up or shutting down.`;
  return `No database answers at ${shown} (${code}).`;
}

function explain(code: string, message: string, shown: string): { message: string; next: string } | null {
  if (code === "28P01" || code === "28000")
    return { message: `${shown} refused the login: ${message}`, next: CHECK_URL };
  if (code === "3D000")
    return { message: `${shown}: ${message}`, next: "Create it (createdb), or correct DATABASE_URL." };
  if (code === "42501") return { message: `${shown}: ${message}`, next: "Grant this user CREATE on the schema." };
  if (code === "NO_TLS")
    return {
      message: `${shown}: ${message}, which sslmode demands.`,
      next: "Leave sslmode out, or switch TLS on there.",
    };
  if (/CERT|TLS|SSL|ISSUER|SIGNATURE/.test(code))
    return {
      message: `${shown}: its certificate is not accepted: ${message}`,
      next: "sslrootcert=FILE names the authority that signed it; sslmode=verify-full also wants the server's name in it.",
    };
  if (isPoolerSetting(code, message))
    return {
      message: `${shown}: ${message}`,
      next: "Behind PgBouncer: ignore_startup_parameters = search_path there, and alter role USER set search_path = SCHEMA.",
    };
  return null;
}
