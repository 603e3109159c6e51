// What DATABASE_URL says beside the address, by libpq's names: sslmode, sslrootcert, sslcert, sslkey; and schema, where the tables are.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import { LockstepError } from "../errors.ts";

export interface Address {
  /** For postgres.js: without the parameters that are read here. */
  readonly url: string;
  readonly tls: TlsWish | null;
  /** Null: whatever the server's search_path says. */
  readonly schema: string | null;
}

export interface TlsWish {
  /** Whether a server without TLS is refused. */
  readonly required: boolean;
  readonly options: ConnectionOptions;
}

const MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** @throws LockstepError "database" where a parameter makes no sense or a file cannot be read */
export function readAddress(text: string): Address {
  const [base = "", query = ""] = text.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const take = (name: string): string | null => {
    const value = parameters.get(name);
    parameters.delete(name);
    return value;
  };
  const files = { ca: take("sslrootcert"), cert: take("sslcert"), key: take("sslkey") };
  const mode = take("sslmode") ?? (files.ca === null ? "disable" : "verify-ca");
  if (!MODES.includes(mode)) throw wrong(`sslmode is "${mode}"`, `Expected one of ${MODES.join(", ")}.`);
  const schema = take("schema");
  if (schema !== null) parameters.set("search_path", quoted(schema));
  const rest = parameters.toString();
  return { url: rest === "" ? base : `${base}?${rest}`, tls: tlsWish(mode, files, hostOf(base)), schema };
}

/**
 * Which database an address names, whoever logs in and however: host:port/database, and the schema. What the spool keeps is sent to no other.
 */
export function databaseName(text: string): string {
  const [base = "", query = ""] = text.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const [place = "", database = ""] = base.replace(/^.*:\/\/([^/]*@)?/, "").split("/");
  const host = place || parameters.get("host") || "localhost";
  const port = /:\d+$/.test(host) ? "" : ":5432";
  const schema = parameters.get("schema");
  return `${host}${port}/${database}${schema === null ? "" : ` schema ${schema}`}`;
}

function hostOf(base: string): string {
  return base.replace(/^.*:\/\/([^/]*@)?/, "").replace(/[:/].*$/s, "");
}

/** As PostgreSQL writes a name, whatever is in it. */
function quoted(name: string): string {
  if (name.trim() === "" || Buffer.byteLength(name) > 63)
    throw wrong(`schema is "${name}"`, "Expected a name of 1 to 63 bytes.");
  return `"${name.replaceAll('"', '""')}"`;
}

/** As libpq: a root certificate makes "require" check it; only verify-full compares the name of the server. */
function tlsWish(
  mode: string,
  { ca, cert, key }: Record<"ca" | "cert" | "key", string | null>,
  host: string,
): TlsWish | null {
  if (mode === "disable") return null;
  const verified = mode === "verify-full" || mode === "verify-ca" || (mode === "require" && ca !== null);
  const options: ConnectionOptions = {
    rejectUnauthorized: verified,
    checkServerIdentity: (_, certificate) =>
      mode === "verify-full" ? checkServerIdentity(host, certificate) : undefined,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== null && ca !== "system" && { ca: readFile("sslrootcert", ca) }),
    ...(cert !== null && { cert: readFile("sslcert", cert) }),
    ...(key !== null && { key: readFile("sslkey", key) }),
  };
  return { required: mode !== "prefer" && mode !== "allow", options };
}

function readFile(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw wrong(
      `${name} cannot be read: ${(cause as Error).message}`,
      `Give the path of a PEM file as ${name}.`,
      cause,
    );
  }
}

function wrong(what: string, next: string, cause?: unknown): LockstepError {
  return new LockstepError({ code: "database", message: `DATABASE_URL: ${what}.`, next, cause });
}
