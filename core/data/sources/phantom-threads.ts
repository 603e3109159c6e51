// Draws the images of a simulated set in threads, so that the main thread stays free for progress and signals. A small set is drawn
// at once, which is quicker than starting threads; the bits are the same.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { LockstepError } from "../../errors.ts";
import { drawPhantom } from "../phantom/draw.ts";
import type { PhantomSource } from "../source.ts";

/** Up to so many pixels, about a third of a second. */
const SMALL_PX = 1_000_000;
const MOST_THREADS = 8;
/** Threads without work are stopped. */
const IDLE_MS = 1000;

/** @returns uint8 [sizePx, sizePx] @param label index of its class @param i number of the image in the set */
export type DrawImage = (label: number, i: number) => Promise<Uint8Array>;

export function phantomDrawer(source: PhantomSource): DrawImage {
  if (source.samples * source.sizePx * source.sizePx <= SMALL_PX)
    return (label, i) => Promise.resolve(drawPhantom(source, label, i));
  let threads: DrawingThreads | null = null;
  return (label, i) => {
    threads ??= new DrawingThreads(source, () => (threads = null));
    return threads.draw(label, i);
  };
}

interface Open {
  readonly resolve: (pixels: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

class DrawingThreads {
  private readonly workers: Worker[];
  private readonly open = new Map<number, Open[]>();
  private next = 0;
  private idle: NodeJS.Timeout | null = null;
  private readonly onEnd: () => void;

  /** @param onEnd called when no more can be asked of these */
  constructor(source: PhantomSource, onEnd: () => void) {
    this.onEnd = onEnd;
    const count = Math.min(MOST_THREADS, availableParallelism());
    this.workers = Array.from({ length: count }, () => this.start(source));
  }

  draw(label: number, i: number): Promise<Uint8Array> {
    if (this.idle !== null) clearTimeout(this.idle);
    return new Promise((resolve, reject) => {
      this.open.set(i, [...(this.open.get(i) ?? []), { resolve, reject }]);
      for (const worker of this.workers) worker.ref();
      this.workers[this.next++ % this.workers.length]?.postMessage({ label, i });
    });
  }

  private start(source: PhantomSource): Worker {
    const worker = new Worker(new URL("./phantom-worker.mjs", import.meta.url), { workerData: source });
    worker.on("error", (cause) => this.fail(cause));
    worker.on("message", ({ i, pixels }: { i: number; pixels: Uint8Array }) => this.settle(i, pixels));
    return worker;
  }

  private settle(i: number, pixels: Uint8Array): void {
    const [first, ...others] = this.open.get(i) ?? [];
    if (others.length > 0) this.open.set(i, others);
    else this.open.delete(i);
    first?.resolve(pixels);
    if (this.open.size > 0) return;
    for (const worker of this.workers) worker.unref();
    this.idle = setTimeout(() => this.end(), IDLE_MS).unref();
  }

  private fail(cause: Error): void {
    const message = `drawing simulated images: a thread stopped: ${cause.message}`;
    const error = new LockstepError({ code: "internal", message, cause });
    for (const waiting of this.open.values()) for (const { reject } of waiting) reject(error);
    this.open.clear();
    this.end();
  }

  private end(): void {
    this.onEnd();
    for (const worker of this.workers) void worker.terminate();
  }
}
