// Downloads one file: into a .part file that a later attempt continues, checked against its md5, then renamed. No answer within
// three seconds is an error, as is any other failure; nothing else is used instead.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { LockstepError } from "../errors.ts";

export interface Download {
  readonly url: string;
  readonly path: string;
  /** 32 hex digits. */
  readonly md5: string;
  /** What else the user may do. */
  readonly alternatives: string;
  /** Bytes so far and in all. */
  readonly progress?: (done: number, total: number) => void;
}

const CONNECT_MS = 3000;

/** Gives the path of the complete file; downloads what is missing of it. */
export async function download(wanted: Download): Promise<string> {
  const { path, md5 } = wanted;
  if ((await sizeOf(path)) > 0 && (await md5Of(path)) === md5) return path;
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  await fetchInto(part, wanted);
  const received = await md5Of(part);
  if (received !== md5) {
    await rm(part, { force: true });
    throw failed(wanted, `its md5 is ${received}, expected ${md5}; the file was removed`);
  }
  await rename(part, path);
  return path;
}

async function fetchInto(part: string, wanted: Download): Promise<void> {
  const have = await sizeOf(part);
  const response = await connect(wanted, have);
  if (response.status === 416) return; // nothing is missing: the checksum decides
  if (!response.ok || response.body === null)
    throw failed(wanted, `the server answered ${response.status} ${response.statusText}`);
  const continued = response.status === 206;
  let done = continued ? have : 0;
  const total = done + Number(response.headers.get("content-length") ?? 0);
  const file = await open(part, continued ? "a" : "w");
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      await file.write(chunk);
      done += chunk.length;
      wanted.progress?.(done, total);
    }
  } catch (cause) {
    throw failed(wanted, `the connection broke after ${done} bytes; the next attempt continues there`, cause);
  } finally {
    await file.close();
  }
}

async function connect(wanted: Download, have: number): Promise<Response> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), CONNECT_MS);
  try {
    const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
    return await fetch(wanted.url, { headers, signal: abort.signal });
  } catch (cause) {
    throw failed(wanted, abort.signal.aborted ? `no answer within ${CONNECT_MS / 1000} s` : reasonOf(cause), cause);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? inner.message : String(inner);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash("md5");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function failed({ url, alternatives }: Download, what: string, cause?: unknown): LockstepError {
  const message = `download of ${url}: ${what}`;
  return new LockstepError({ code: "data-unreachable", message, next: alternatives, cause });
}
