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
  /** What each chunk of it walks, of the kernel `groups`. */
  readonly group: Plan | null;
}

/** What a plan fills in of the kernel `groups` itself. */
type GroupArgs = Omit<Args<"groups">, "skip" | "records" | "arena">;

export class Plan {
  readonly calls: Call[] = [];
  /** Bytes that kernels need of a thread's own. */
  private kernelBytes = 0;
  /** Bytes of the buffers of a group's plan, in a thread's arena. */
  private arenaBytes = 0;
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
    this.calls.push({ kernel, chunks, args, barrier: true, group: null });
  }

  /** Appends a plan that a thread walks alone, once for each chunk. Its buffers lie in the thread's arena. */
  addGroups(group: Plan, chunks: number, args: GroupArgs): void {
    this.arenaBytes = Math.max(this.arenaBytes, group.placeBuffers(UNIT_BYTES)); // offset 0 would mean absent
    this.needScratch(group.kernelBytes);
    this.calls.push({ kernel: "groups", chunks, args, barrier: true, group });
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
    this.kernelBytes = Math.max(this.kernelBytes, bytes);
  }

  /** Bytes that a thread needs for itself: kernels' scratch, then the arena. */
  get scratchBytes(): number {
    return roundUp(this.kernelBytes, UNIT_BYTES) + this.arenaBytes;
  }

  /** Gives every transient buffer its offset. @returns where the memory that the plan needs ends, in bytes */
  placeBuffers(base: number): number {
    this.wait();
    return place(this.lifetimes(), base);
  }

  /** The records, for offsets placed before; those that groups walk come behind this plan's own. */
  encode(): Int32Array {
    const groups = this.calls.flatMap(({ group }) => (group === null ? [] : [group]));
    const count = this.calls.length + groups.reduce((sum, { calls }) => sum + calls.length, 0);
    const words = new Int32Array(count * RECORD_WORDS);
    let next = this.calls.length;
    this.calls.forEach((call, i) => {
      const { group } = call;
      const arena = roundUp(this.kernelBytes, UNIT_BYTES) / UNIT_BYTES;
      const where = { skip: next - i, records: group?.calls.length ?? 0, arena };
      encodeCall({ ...call, args: group === null ? call.args : { ...call.args, ...where } }, words, i, [
        call.barrier ? 1 : 0,
        0,
      ]);
      for (const inner of group?.calls ?? []) encodeCall(inner, words, next++, group?.ownBuffers(inner) ?? []);
    });
    return words;
  }

  /** 64 bits, by argument: whether it names a buffer of this plan. */
  private ownBuffers(call: Call): number[] {
    const bits = [0, 0];
    Object.keys(LAYOUT[call.kernel]).forEach((field, j) => {
      const value = call.args[field];
      const isOwn = typeof value === "object" && value !== null && this.transient.has(value);
      if (isOwn) bits[j >> 5] = (bits[j >> 5] as number) | (1 << (j & 31));
    });
    return bits;
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

/** @param head words [2] and [3] of the record, see kernels/plan.h */
function encodeCall({ kernel, chunks, args }: Call, words: Int32Array, record: number, head: readonly number[]): void {
  const floats = new Float32Array(words.buffer);
  const at = record * RECORD_WORDS;
  words.set([KERNELS.indexOf(kernel), chunks, ...head], at);
  Object.entries(LAYOUT[kernel]).forEach(([field, type], j) => {
    const value = args[field];
    const word = at + RECORD_HEAD + j;
    if (type === "float") floats[word] = value as number;
    else words[word] = typeof value === "number" ? value : value ? offsetOf(value) / UNIT_BYTES : 0;
  });
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
