// A batch event as 82 bytes (98 with counts), little endian; batches are most of what a training records, and V8's format takes four times
// as long and three times the room. Byte 0: 1 (V8's format begins with 255); 1: phase, and which parts are there; 2: seq; 10: epoch,
// batch, correct, n (uint32 each); 26: loss, lr, duration (float64 each); 50: chain; 82: tp, fp, fn, tn (uint32 each).
import type { BatchEvent, Phase } from "../../train/recorder.ts";

const FORMAT = 1;
const BYTES = 82;
const BYTES_WITH_COUNTS = BYTES + 16;
const PHASES: readonly Phase[] = ["train", "val", "test"];
const CHAIN_BYTES = 32;
const NO_COUNTS = { tp: 0, fp: 0, fn: 0, tn: 0 } as const;
const HAS_LR = 4;
const HAS_COUNTS = 8;

export function isBatchRecord(firstByte: number): boolean {
  return firstByte === FORMAT;
}

/** @returns its bytes; null where a number does not fit: then V8's format takes it */
export function batchBytes({ epoch, batch, correct, n, counts, chain, phase }: BatchEvent): number | null {
  const whole = isUint32(epoch) && isUint32(batch) && isUint32(correct) && isUint32(n);
  const { tp, fp, fn, tn } = counts ?? NO_COUNTS;
  const counted = isUint32(tp) && isUint32(fp) && isUint32(fn) && isUint32(tn);
  if (!whole || !counted || chain.length !== 64 || !PHASES.includes(phase)) return null;
  return counts === null ? BYTES : BYTES_WITH_COUNTS;
}

/** Into so many bytes. @returns false where the chain is not 64 hex digits */
export function writeBatch(to: Buffer, seq: number, event: BatchEvent): boolean {
  const view = new DataView(to.buffer, to.byteOffset, to.length);
  const { lr, counts } = event;
  to[0] = FORMAT;
  to[1] = PHASES.indexOf(event.phase) | (lr === null ? 0 : HAS_LR) | (counts === null ? 0 : HAS_COUNTS);
  view.setFloat64(2, seq, true);
  view.setUint32(10, event.epoch, true);
  view.setUint32(14, event.batch, true);
  view.setUint32(18, event.correct, true);
  view.setUint32(22, event.n, true);
  view.setFloat64(26, event.loss, true);
  view.setFloat64(34, lr ?? 0, true);
  view.setFloat64(42, event.durationMs, true);
  if (counts !== null) {
    view.setUint32(82, counts.tp, true);
    view.setUint32(86, counts.fp, true);
    view.setUint32(90, counts.fn, true);
    view.setUint32(94, counts.tn, true);
  }
  return to.write(event.chain, 50, "hex") === CHAIN_BYTES;
}

/** @param view of the same bytes @param from where the payload begins */
export function decodeBatch(bytes: Buffer, view: DataView, from: number): Numbered {
  const flags = bytes[from + 1]!;
  const event: BatchEvent = {
    kind: "batch",
    phase: PHASES[flags & 3]!,
    epoch: view.getUint32(from + 10, true),
    batch: view.getUint32(from + 14, true),
    loss: view.getFloat64(from + 26, true),
    correct: view.getUint32(from + 18, true),
    n: view.getUint32(from + 22, true),
    lr: flags & HAS_LR ? view.getFloat64(from + 34, true) : null,
    durationMs: view.getFloat64(from + 42, true),
    chain: bytes.toString("hex", from + 50, from + BYTES),
    counts: flags & HAS_COUNTS ? countsAt(view, from + BYTES) : null,
  };
  return { seq: view.getFloat64(from + 2, true), event };
}

interface Numbered {
  readonly seq: number;
  readonly event: BatchEvent;
}

function countsAt(view: DataView, at: number): NonNullable<BatchEvent["counts"]> {
  const [tp, fp, fn, tn] = [0, 4, 8, 12].map((offset) => view.getUint32(at + offset, true));
  return { tp: tp!, fp: fp!, fn: fn!, tn: tn! };
}

function isUint32(value: number): boolean {
  return value >>> 0 === value;
}
