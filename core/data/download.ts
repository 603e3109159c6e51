// Downloads one file: into a .part file that a later attempt continues, checked against its checksum where one is known, then renamed. No answer within
// three seconds is an error, as is any other failure; nothing else is used instead.
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { LockstepError } from "../errors.ts";
import { fileDigest } from "../file-digest.ts";

export interface Checksum {
  readonly algorithm: "md5" | "sha256";
  /** Lower case. */
  readonly hex: string;
  /** The file that it was written down in, if it is no publisher's. */
  readonly from?: string;
}

export interface Download {
  readonly url: string;
  readonly path: string;
  /** null: none is known, and whatever arrives whole is taken. */
  readonly checksum: Checksum | null;
  /** What else the user may do. */
  readonly alternatives: string;
  /** Bytes so far and in all. */
  readonly progress?: (done: number, total: number) => void;
}

const CONNECT_MS = 3000;

/** Gives the path of the complete file; downloads what is missing of it. */
export async function download(wanted: Download): Promise<string> {
  const { path } = wanted;
  if ((await sizeOf(path)) > 0 && (await mismatch(path, wanted)) === null) return path;
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  await fetchInto(part, wanted);
  const wrong = await mismatch(part, wanted);
  if (wrong !== null) {
    await rm(part, { force: true });
    throw failed(wanted, `${wrong}; the file was removed`);
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

/** What is wrong with the file's checksum, or null. */
async function mismatch(path: string, { checksum }: Download): Promise<string | null> {
  if (checksum === null) return null;
  const { algorithm, hex, from } = checksum;
  const received = await fileDigest(path, algorithm);
  const source = from === undefined ? "" : ` as the first download had (${from})`;
  return received === hex ? null : `its ${algorithm} is ${received}, expected ${hex}${source}`;
}

function failed({ url, alternatives }: Download, what: string, cause?: unknown): LockstepError {
  const message = `download of ${url}: ${what}`;
  return new LockstepError({ code: "data-unreachable", message, next: alternatives, cause });
}
