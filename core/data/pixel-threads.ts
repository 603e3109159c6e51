// Threads that change pixels off the main thread, as many as the resampler has. Started when a run first needs them; idle ones do not
// keep the process alive.
import { Worker } from "node:worker_threads";
import { LockstepError } from "../errors.ts";
import type { Mix } from "./mix.ts";
import type { PixelOp } from "./pixel-op.ts";

interface Answer {
  /** Null: the worker is ready. */
  readonly id: number | null;
  readonly error: string | null;
}

interface Open {
  missing: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Team {
  readonly workers: Promise<Worker[]>;
  readonly open: Map<number, Open>;
}

/** By number of threads. */
const teams = new Map<number, Team>();
let nextId = 0;

export interface HowToChange {
  readonly sizePx: number;
  /** Bits are the same for any number. */
  readonly threads: number;
}

/**
 * Changes images. @param images uint8 [ops.length, sizePx, sizePx, 3]
 * @param ops by image
 * @returns the changed images, in the same memory where it is shared
 */
export async function changePixels(
  images: Uint8Array,
  { sizePx, threads }: HowToChange,
  ops: readonly (readonly PixelOp[])[],
): Promise<Uint8Array> {
  const shared = share(images);
  await request(threads, { images: shared.buffer, sizePx, count: ops.length, ops });
  return shared;
}

/** Mixes each image with the one before it, the first with the last. @param images uint8 [B, sizePx, sizePx, 3] @returns new ones */
export async function mixImages(images: Uint8Array, { sizePx, threads }: HowToChange, mix: Mix): Promise<Uint8Array> {
  const mixed = new SharedArrayBuffer(images.length);
  const count = images.length / (sizePx * sizePx * 3);
  await request(threads, { images: share(images).buffer, sizePx, count, mix, mixed });
  return new Uint8Array(mixed);
}

/** What the threads do to `count` images: `ops` in place, or `mix` into other memory. */
type Request = { readonly images: ArrayBufferLike; readonly sizePx: number; readonly count: number } & (
  { readonly ops: readonly (readonly PixelOp[])[] } | { readonly mix: Mix; readonly mixed: SharedArrayBuffer }
);

async function request(threads: number, work: Request): Promise<void> {
  const team = teamOf(threads);
  const workers = await team.workers;
  const id = nextId++;
  const next = new Int32Array(new SharedArrayBuffer(4));
  await new Promise<void>((resolve, reject) => {
    if (team.open.size === 0) for (const worker of workers) worker.ref();
    team.open.set(id, { missing: workers.length, resolve, reject });
    for (const worker of workers) worker.postMessage({ ...work, id, next });
  });
}

function share(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer && bytes.byteOffset === 0) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function teamOf(threads: number): Team {
  const found = teams.get(threads);
  if (found !== undefined) return found;
  const open = new Map<number, Open>();
  /** The threads are started anew by the next request. */
  const failAll = (error: Error): void => {
    for (const request of open.values()) request.reject(error);
    open.clear();
    teams.delete(threads);
  };
  const settle = (id: number, error: string | null): void => {
    const request = open.get(id);
    if (request === undefined) return;
    if (error === null && --request.missing > 0) return;
    open.delete(id);
    if (open.size === 0) void team.workers.then((workers) => workers.forEach((worker) => worker.unref()));
    if (error === null) request.resolve();
    else request.reject(failed(error));
  };
  const start = () => startWorker(settle, failAll);
  const team: Team = { open, workers: Promise.all(Array.from({ length: threads }, start)) };
  teams.set(threads, team);
  return team;
}

function startWorker(
  settle: (id: number, error: string | null) => void,
  failAll: (error: Error) => void,
): Promise<Worker> {
  const worker = new Worker(new URL("./pixel-worker.mjs", import.meta.url));
  return new Promise((resolve, reject) => {
    worker.on("error", (cause) => {
      const error = failed(cause.message, cause);
      reject(error);
      failAll(error);
    });
    worker.on("message", ({ id, error }: Answer) => {
      if (id !== null) return settle(id, error);
      worker.unref();
      resolve(worker);
    });
  });
}

function failed(why: string, cause?: unknown): LockstepError {
  return new LockstepError({ code: "engine-failed", message: `augmentation: a thread stopped: ${why}`, cause });
}
