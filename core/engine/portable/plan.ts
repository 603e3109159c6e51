// A plan being written: a flat list of kernel calls over named buffers, and the memory plan. A buffer lives from the first
// call that names it to the last one; buffers that never live at the same time share memory. Encoded as kernels/plan.h says.
import { LAYOUT } from "./prebuilt/plan-layout.ts";

type Layout = typeof LAYOUT;
export type KernelName = keyof Layout;
const KERNELS = Object.keys(LAYOUT) as KernelName[];

export const RECORD_WORDS = 64;
const RECORD_HEAD = 4;
const UNIT_BYTES = 64; // what a `buf` counts in

/** Memory that kernels name. The program owns it; `offset` is known once memory is planned. */
export interface Buffer {
  readonly bytes: number;
  offset: number | null;
}

/** A kernel's arguments: a buffer or null (absent) for each `buf`, numbers else. */
export type Args<K extends KernelName> = {
  readonly [F in keyof Layout[K]]: Layout[K][F] extends "buf" ? Buffer | null : number;
};

interface Call {
  readonly kernel: KernelName;
  readonly chunks: number;
  readonly args: Readonly<Record<string, Buffer | null | number>>;
  /** Whether all threads wait after it. */
  barrier: boolean;
}

export class Plan {
  readonly calls: Call[] = [];
  /** Bytes that a thread needs for itself. */
  scratchBytes = 0;
  private readonly transient = new Set<Buffer>();
  private readonly results = new Set<Buffer>();

  /** Memory for this plan only. */
  buffer(bytes: number): Buffer {
    const buffer = { bytes: roundUp(bytes, UNIT_BYTES), offset: null };
    this.transient.add(buffer);
    return buffer;
  }

  /** Appends a call whose chunks the threads share; all wait for its end before the next one. */
  add<K extends KernelName>(kernel: K, chunks: number, args: Args<K>): void {
    this.calls.push({ kernel, chunks, args, barrier: true });
  }

  /** Lets the next call begin before the last one has ended: neither may read what the other writes. */
  alongside(): void {
    const last = this.calls.at(-1);
    if (last !== undefined) last.barrier = false;
  }

  /** Takes `alongside` back: all wait for the last call. */
  wait(): void {
    const last = this.calls.at(-1);
    if (last !== undefined) last.barrier = true;
  }

  /** Keeps a buffer's content until the plan has ended, for JavaScript to read. */
  keep(buffer: Buffer): void {
    this.results.add(buffer);
  }

  needScratch(bytes: number): void {
    this.scratchBytes = Math.max(this.scratchBytes, bytes);
  }

  /** Gives every transient buffer its offset. @returns where the memory that the plan needs ends, in bytes */
  placeBuffers(base: number): number {
    this.wait();
    return place(this.lifetimes(), base);
  }

  /** The records, for offsets placed before. */
  encode(): Int32Array {
    const words = new Int32Array(this.calls.length * RECORD_WORDS);
    const floats = new Float32Array(words.buffer);
    this.calls.forEach((call, i) => {
      const at = i * RECORD_WORDS;
      words.set([KERNELS.indexOf(call.kernel), call.chunks, call.barrier ? 1 : 0, 0], at);
      Object.entries(LAYOUT[call.kernel]).forEach(([field, type], j) => {
        const value = call.args[field];
        const word = at + RECORD_HEAD + j;
        if (type === "float") floats[word] = value as number;
        else words[word] = typeof value === "number" ? value : value ? offsetOf(value) / UNIT_BYTES : 0;
      });
    });
    return words;
  }

  /** In phases between barriers: calls of one phase run at the same time. */
  private lifetimes(): Lifetime[] {
    const found = new Map<Buffer, Lifetime>();
    let phase = 0;
    for (const call of this.calls) {
      for (const value of Object.values(call.args)) {
        if (typeof value !== "object" || value === null || !this.transient.has(value)) continue;
        const lifetime = found.get(value) ?? { buffer: value, first: phase, last: phase };
        lifetime.last = this.results.has(value) ? Infinity : phase;
        found.set(value, lifetime);
      }
      if (call.barrier) phase++;
    }
    return [...found.values()];
  }
}

interface Lifetime {
  readonly buffer: Buffer;
  readonly first: number;
  last: number;
}

/** Largest first, each at the lowest offset where nothing that lives at the same time lies (as TFLite's greedy planner). */
function place(lifetimes: readonly Lifetime[], base: number): number {
  const placed: Lifetime[] = []; // by offset
  let end = base;
  const order = lifetimes.map((lifetime, i) => ({ lifetime, i }));
  order.sort((a, b) => b.lifetime.buffer.bytes - a.lifetime.buffer.bytes || a.i - b.i);
  for (const { lifetime } of order) {
    let offset = base;
    for (const other of placed) {
      if (other.last < lifetime.first || other.first > lifetime.last) continue;
      const start = other.buffer.offset as number;
      if (start >= offset + lifetime.buffer.bytes) break;
      offset = Math.max(offset, start + other.buffer.bytes);
    }
    lifetime.buffer.offset = offset;
    const at = placed.findIndex((other) => (other.buffer.offset as number) > offset);
    placed.splice(at < 0 ? placed.length : at, 0, lifetime);
    end = Math.max(end, offset + lifetime.buffer.bytes);
  }
  return end;
}

export function offsetOf(buffer: Buffer): number {
  if (buffer.offset === null) throw new Error("a buffer was read before its memory was planned");
  return buffer.offset;
}

export function roundUp(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}
