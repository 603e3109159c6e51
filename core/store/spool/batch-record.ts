// A batch event as 82 bytes (98 with counts), little endian; batches are most of what a training records, and V8's format takes four times
// as long and three times the room. Byte 0: 1 (V8's format begins with 255); 1: phase, and which parts are there; 2: seq; 10: epoch,
// batch, correct, n (uint32 each); 26: loss, lr, duration (float64 each); 50: chain; 82: tp, fp, fn, tn (uint32 each).
import type { BatchEvent, Phase } from "../../train/recorder.ts";

const FORMAT = 1;
const BYTES = 82;
const BYTES_WITH_COUNTS = BYTES + 16;
const PHASES: readonly Phase[] = ["train", "val", "test"];
const HAS_LR = 4;
const HAS_COUNTS = 8;

export function isBatchRecord(payload: Buffer): boolean {
  return payload[0] === FORMAT;
}

/** @returns null where a number does not fit: then V8's format takes it */
export function encodeBatch(seq: number, event: BatchEvent): Buffer | null {
  const { epoch, batch, correct, n, counts, lr, chain } = event;
  const whole = [epoch, batch, correct, n, ...(counts === null ? [] : [counts.tp, counts.fp, counts.fn, counts.tn])];
  const phase = PHASES.indexOf(event.phase);
  if (phase < 0 || !whole.every(isUint32) || !/^[0-9a-f]{64}$/.test(chain)) return null;
  const bytes = Buffer.allocUnsafe(counts === null ? BYTES : BYTES_WITH_COUNTS);
  bytes[0] = FORMAT;
  bytes[1] = phase | (lr === null ? 0 : HAS_LR) | (counts === null ? 0 : HAS_COUNTS);
  bytes.writeDoubleLE(seq, 2);
  whole.forEach((value, i) => bytes.writeUInt32LE(value, i < 4 ? 10 + 4 * i : BYTES + 4 * (i - 4)));
  bytes.writeDoubleLE(event.loss, 26);
  bytes.writeDoubleLE(lr ?? 0, 34);
  bytes.writeDoubleLE(event.durationMs, 42);
  bytes.write(chain, 50, "hex");
  return bytes;
}

export function decodeBatch(bytes: Buffer): { readonly seq: number; readonly event: BatchEvent } {
  const flags = bytes[1]!;
  const whole = (at: number): number => bytes.readUInt32LE(at);
  const event: BatchEvent = {
    kind: "batch",
    phase: PHASES[flags & 3]!,
    epoch: whole(10),
    batch: whole(14),
    loss: bytes.readDoubleLE(26),
    correct: whole(18),
    n: whole(22),
    lr: flags & HAS_LR ? bytes.readDoubleLE(34) : null,
    durationMs: bytes.readDoubleLE(42),
    chain: bytes.toString("hex", 50, BYTES),
    counts: flags & HAS_COUNTS ? { tp: whole(82), fp: whole(86), fn: whole(90), tn: whole(94) } : null,
  };
  return { seq: bytes.readDoubleLE(2), event };
}

function isUint32(value: number): boolean {
  return value >>> 0 === value;
}
