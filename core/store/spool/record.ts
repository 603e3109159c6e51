// One record of a spool file: length of the payload (uint32 LE), CRC-32 of these four bytes (uint32 LE), CRC-32 of the payload (uint32
// LE), payload. A changed length is told from a cut by its own checksum, as in TensorFlow's records. The payload is V8's
// structured-clone format, which later Node versions read (JSON has neither NaN nor -0), and for batches one of our own.
import { deserialize, serialize } from "node:v8";
import type { BatchEvent } from "../../train/recorder.ts";
import { batchBytes, decodeBatch, isBatchRecord, writeBatch } from "./batch-record.ts";
import { crc32 } from "./crc32.ts";
import type { SpoolEvent } from "./spool-event.ts";

const RECORD_HEADER_BYTES = 12;

export function encodeRecord({ seq, event }: SpoolEvent): Buffer {
  return (event.kind === "batch" ? encodeBatch(seq, event) : null) ?? encodeAny({ seq, event });
}

function encodeBatch(seq: number, event: BatchEvent): Buffer | null {
  const length = batchBytes(event);
  if (length === null) return null;
  const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + length);
  if (!writeBatch(record.subarray(RECORD_HEADER_BYTES), seq, event)) return null;
  return sealed(record);
}

function encodeAny(event: SpoolEvent): Buffer {
  return sealed(Buffer.concat([Buffer.alloc(RECORD_HEADER_BYTES), serialize(event)]));
}

/** With its length and checksums before the payload. */
function sealed(record: Buffer): Buffer {
  record.writeUInt32LE(record.length - RECORD_HEADER_BYTES, 0);
  record.writeUInt32LE(crc32(record, 0, 4), 4);
  record.writeUInt32LE(crc32(record, RECORD_HEADER_BYTES), 8);
  return record;
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length) {
    const length = recordLength(bytes, at);
    if (typeof length === "string") return { events, consumed: at, rest: length };
    if (length > bytes.length - at) return { events, consumed: at, rest: "cut" };
    const [payload, end] = [at + RECORD_HEADER_BYTES, at + length];
    if (crc32(bytes, payload, end) !== view.getUint32(at + 8, true)) return { events, consumed: at, rest: "damaged" };
    events.push(
      isBatchRecord(bytes[payload]!)
        ? decodeBatch(bytes, view, payload)
        : (deserialize(bytes.subarray(payload, end)) as SpoolEvent),
    );
    at = end;
  }
  return { events, consumed: at, rest: null };
}

/** Of the record that begins there, with its header, or why it is not known. */
export function recordLength(bytes: Buffer, at: number): number | "cut" | "damaged" {
  if (bytes.length - at < RECORD_HEADER_BYTES) return "cut";
  if (crc32(bytes, at, at + 4) !== bytes.readUInt32LE(at + 4)) return "damaged";
  return RECORD_HEADER_BYTES + bytes.readUInt32LE(at);
}
