// One record of a spool file: length (uint32 LE), CRC-32 of the payload (uint32 LE), payload. The payload is V8's structured-clone
// format, which later Node versions read; JSON has neither NaN nor -0.
import { deserialize, serialize } from "node:v8";
import { crc32 } from "./crc32.ts";
import type { SpoolEvent } from "./spool-event.ts";

export const RECORD_HEADER_BYTES = 8;

export function encodeRecord(event: SpoolEvent): Buffer {
  const payload = serialize(event);
  const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(crc32(payload), 4);
  payload.copy(record, RECORD_HEADER_BYTES);
  return record;
}

export interface DecodedRecords {
  readonly events: readonly SpoolEvent[];
  /** Bytes that whole records take. */
  readonly consumed: number;
  /** "cut": the last record is not complete; "damaged": its checksum is wrong; null: all bytes were consumed. */
  readonly rest: "cut" | "damaged" | null;
}

/** Whole records at the beginning of `bytes`. */
export function decodeRecords(bytes: Buffer): DecodedRecords {
  const events: SpoolEvent[] = [];
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    if (left < RECORD_HEADER_BYTES || left < RECORD_HEADER_BYTES + bytes.readUInt32LE(at)) {
      return { events, consumed: at, rest: "cut" };
    }
    const start = at + RECORD_HEADER_BYTES;
    const payload = bytes.subarray(start, start + bytes.readUInt32LE(at));
    if (crc32(payload) !== bytes.readUInt32LE(at + 4)) return { events, consumed: at, rest: "damaged" };
    events.push(deserialize(payload) as SpoolEvent);
    at = start + payload.length;
  }
  return { events, consumed: at, rest: null };
}
