// The zip archives that torch.save writes: entries stored without compression, each with a CRC-32, which is checked here as PyTorch does.
// Layout after PKWARE's APPNOTE 6.3: the end record names the central directory, which names each entry's local header.
export class ZipError extends Error {}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65535;
const IN_EXTRA = 0xffffffff; // the 64-bit value stands in the extra field

export function isZip(file: Uint8Array): boolean {
  return file[0] === 0x50 && file[1] === 0x4b; // "PK"
}

/** Entries by name, as views of the file. @throws ZipError where the archive is not whole */
export function readStoredZip(file: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  try {
    const { count, start } = readEnd(view);
    const entries = new Map<string, Uint8Array>();
    let at = start;
    for (let i = 0; i < count; i++) {
      const entry = readCentral(view, at);
      at = entry.next;
      entries.set(entry.name, readEntry(view, entry));
    }
    return entries;
  } catch (cause) {
    if (cause instanceof RangeError) throw new ZipError("the zip archive points beyond its end", { cause });
    throw cause;
  }
}

interface Central {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly local: number;
  readonly next: number;
}

function readEnd(view: DataView): { count: number; start: number } {
  const first = Math.max(0, view.byteLength - END_BYTES - LONGEST_COMMENT);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) !== END) continue;
    const locator = at - 20;
    if (locator >= 0 && view.getUint32(locator, true) === END_64_LOCATOR)
      return readEnd64(view, uint64(view, locator + 8));
    return { count: view.getUint16(at + 10, true), start: view.getUint32(at + 16, true) };
  }
  throw new ZipError("the zip archive has no end record");
}

function readEnd64(view: DataView, at: number): { count: number; start: number } {
  if (view.getUint32(at, true) !== END_64) throw new ZipError("the zip archive's 64-bit end record is missing");
  return { count: uint64(view, at + 32), start: uint64(view, at + 48) };
}

function readCentral(view: DataView, at: number): Central {
  if (view.getUint32(at, true) !== CENTRAL) throw new ZipError("the zip archive's directory is damaged");
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const extra = at + 46 + nameLength;
  const [uncompressed, stored, local] = [at + 24, at + 20, at + 42].map((field) => view.getUint32(field, true));
  const wide = wideValues(view, extra, extraLength, [uncompressed, stored, local]);
  return {
    name: new TextDecoder().decode(bytesOf(view, at + 46, nameLength)),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    size: wide[1] as number,
    local: wide[2] as number,
    next: extra + extraLength + view.getUint16(at + 32, true),
  };
}

/** Replaces the values that do not fit 32 bits by those of the extra field 0x0001, where they stand in this order. */
function wideValues(
  view: DataView,
  start: number,
  length: number,
  values: (number | undefined)[],
): (number | undefined)[] {
  for (let at = start; at + 4 <= start + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 0x0001) continue;
    let field = at + 4;
    return values.map((value) => {
      if (value !== IN_EXTRA) return value;
      field += 8;
      return uint64(view, field - 8);
    });
  }
  return values;
}

function readEntry(view: DataView, { name, method, crc, size, local }: Central): Uint8Array {
  if (method !== 0) throw new ZipError(`its entry ${name} is compressed, which torch.save never does`);
  if (view.getUint32(local, true) !== LOCAL) throw new ZipError(`its entry ${name} is damaged`);
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const bytes = bytesOf(view, start, size);
  if (crc32(bytes) !== crc) throw new ZipError(`its entry ${name} does not have its checksum`);
  return bytes;
}

function bytesOf(view: DataView, start: number, length: number): Uint8Array {
  if (start + length > view.byteLength) throw new ZipError("the zip archive points beyond its end");
  return new Uint8Array(view.buffer, view.byteOffset + start, length);
}

function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (CRC_TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
