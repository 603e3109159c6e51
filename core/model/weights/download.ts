// Fetches one file over http(s) into a cache: 3 s to connect, written beside its place and renamed only when its checksum holds, so that
// a broken download never stands where a later run would take it for whole.
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { dirname } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { LockstepError } from "../../errors.ts";
import { fileDigest } from "../../file-digest.ts";
import { weightsError } from "./tensor.ts";

const CONNECT_TIMEOUT_MS = 3000;
const IDLE_TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;

export interface Download {
  readonly url: string;
  /** Where the file goes. */
  readonly path: string;
  /** The sha256 in hex, whole or its first digits. */
  readonly sha256: string;
  /** What to do where it cannot be had. */
  readonly next: string;
  /** Called as bytes come in; total is null where the server does not say. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number | null) => void;
}

/** The cached file, fetched first where it is absent or damaged. @returns its path */
export async function download(request: Download): Promise<string> {
  const { path, sha256 } = request;
  if (await exists(path)) {
    if ((await fileDigest(path)).startsWith(sha256)) return path;
    await rm(path); // damaged in the cache: fetch it again
  }
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${randomUUID()}.part`;
  try {
    const received = await fetchTo(partial, request);
    if (!received.startsWith(sha256)) throw wrongChecksum(request, received);
    await rename(partial, path);
    return path;
  } finally {
    await rm(partial, { force: true });
  }
}

/** @returns sha256 of what came */
async function fetchTo(partial: string, request: Download): Promise<string> {
  const response = await connect(request, request.url, 0);
  const total = response.headers["content-length"] === undefined ? null : Number(response.headers["content-length"]);
  const hash = createHash("sha256");
  let received = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      received += chunk.length;
      request.onProgress?.(received, total);
      done(null, chunk);
    },
  });
  try {
    await pipeline(response, count, createWriteStream(partial, { flush: true }));
  } catch (cause) {
    throw unreachable(request, `the download broke off after ${received} bytes`, cause);
  }
  if (total !== null && received !== total) throw unreachable(request, `${received} of ${total} bytes came`);
  return hash.digest("hex");
}

async function connect(request: Download, url: string, redirects: number): Promise<http.IncomingMessage> {
  const response = await open(request, url);
  const status = response.statusCode ?? 0;
  if (status === 200) return response;
  response.destroy();
  const location = response.headers.location;
  if (status < 300 || status >= 400 || location === undefined) throw unreachable(request, `answered ${status}`);
  if (redirects === MAX_REDIRECTS) throw unreachable(request, `redirected more than ${MAX_REDIRECTS} times`);
  return connect(request, new URL(location, url).href, redirects + 1);
}

function open(request: Download, url: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown) => reject(unreachable(request, what, cause));
    const opening = (url.startsWith("https:") ? https : http).get(url);
    const timer = setTimeout(() => {
      fail(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`);
      opening.destroy();
    }, CONNECT_TIMEOUT_MS);
    opening.on("socket", (socket) => {
      const connected = () => clearTimeout(timer);
      socket.once(url.startsWith("https:") ? "secureConnect" : "connect", connected);
      socket.setTimeout(IDLE_TIMEOUT_MS, () => opening.destroy(new Error(`silent for ${IDLE_TIMEOUT_MS / 1000} s`)));
    });
    opening.on("response", resolve);
    opening.on("error", (cause) => fail(cause.message || "cannot be reached", cause));
    opening.on("close", () => clearTimeout(timer));
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function unreachable({ url, next }: Download, what: string, cause?: unknown): LockstepError {
  return new LockstepError({ code: "data-unreachable", message: `${url}: ${what}`, next, cause });
}

function wrongChecksum({ url, sha256, next }: Download, received: string): LockstepError {
  return weightsError(`${url}: wrong checksum: sha256 ${received}, expected ${sha256}; nothing was kept`, next);
}
