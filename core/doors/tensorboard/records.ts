// TensorFlow's record files: length (uint64 LE), masked CRC-32C of it, data, masked CRC-32C of the data.

/** CRC-32C (Castagnoli), polynomial 0x82F63B78. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** @returns uint32 */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]!) & 0xff]!;
  crc = (crc ^ 0xffffffff) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

export function encodeRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(data.length + 16);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return record;
}

export interface ReadRecords {
  readonly records: readonly Buffer[];
  /** Byte from which on nothing can be read: cut short or damaged; null: read to the end. */
  readonly stoppedAt: number | null;
}

export function decodeRecords(bytes: Buffer): ReadRecords {
  const records: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = lengthAt(bytes, at);
    if (length === null || at + 16 + length > bytes.length) return { records, stoppedAt: at };
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (bytes.readUInt32LE(at + 12 + length) !== maskedCrc32c(data)) return { records, stoppedAt: at };
    records.push(data);
    at += 16 + length;
  }
  return { records, stoppedAt: null };
}

function lengthAt(bytes: Buffer, at: number): number | null {
  if (at + 12 > bytes.length) return null;
  const header = bytes.subarray(at, at + 8);
  return bytes.readUInt32LE(at + 8) === maskedCrc32c(header) ? Number(header.readBigUInt64LE(0)) : null;
}
