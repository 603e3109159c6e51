// One record of a spool file: length of the payload (uint32 LE), CRC-32 of these four bytes (uint32 LE), CRC-32 of the payload (uint32
// LE), payload. A changed length is told from a cut by its own checksum, as in TensorFlow's records. The payload is V8's
// structured-clone format, which later Node versions read (JSON has neither NaN nor -0), and for batches one of our own.
import { deserialize, serialize } from "node:v8";
import { decodeBatch, encodeBatch, isBatchRecord } from "./batch-record.ts";
import { crc32 } from "./crc32.ts";
import type { SpoolEvent } from "./spool-event.ts";

const RECORD_HEADER_BYTES = 12;

export function encodeRecord(record: SpoolEvent): Buffer {
  const payload = encodePayload(record);
  const bytes = Buffer.allocUnsafe(RECORD_HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt32LE(crc32(bytes, 0, 4), 4);
  bytes.writeUInt32LE(crc32(payload), 8);
  payload.copy(bytes, RECORD_HEADER_BYTES);
  return bytes;
}

function encodePayload({ seq, event }: SpoolEvent): Buffer {
  return (event.kind === "batch" ? encodeBatch(seq, event) : null) ?? serialize({ seq, event });
}

function decodePayload(payload: Buffer): SpoolEvent {
  return isBatchRecord(payload) ? decodeBatch(payload) : (deserialize(payload) as SpoolEvent);
}

export interface DecodedRecords {
  readonly events: readonly SpoolEvent[];
  /** Bytes that whole records take. */
  readonly consumed: number;
  /** "cut": the last record is not complete; "damaged": a checksum is wrong; null: all bytes were consumed. */
  readonly rest: "cut" | "damaged" | null;
}

/** Whole records at the beginning of `bytes`. */
export function decodeRecords(bytes: Buffer): DecodedRecords {
  const events: SpoolEvent[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = recordLength(bytes, at);
    if (typeof length === "string") return { events, consumed: at, rest: length };
    if (length > bytes.length - at) return { events, consumed: at, rest: "cut" };
    const payload = bytes.subarray(at + RECORD_HEADER_BYTES, at + length);
    if (crc32(payload) !== bytes.readUInt32LE(at + 8)) return { events, consumed: at, rest: "damaged" };
    events.push(decodePayload(payload));
    at += length;
  }
  return { events, consumed: at, rest: null };
}

/** Of the record that begins there, with its header, or why it is not known. */
export function recordLength(bytes: Buffer, at: number): number | "cut" | "damaged" {
  if (bytes.length - at < RECORD_HEADER_BYTES) return "cut";
  if (crc32(bytes, at, at + 4) !== bytes.readUInt32LE(at + 4)) return "damaged";
  return RECORD_HEADER_BYTES + bytes.readUInt32LE(at);
}
