// The .npy format (NEP 1), as far as MedMNIST uses it: little-endian or one-byte whole numbers in C order.
import { LockstepError } from "../../errors.ts";

export interface NpyArray {
  readonly shape: readonly number[];
  /** In C order. */
  readonly values: Uint8Array | readonly number[];
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const READERS: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  "|i1": { bytes: 1, read: (view, at) => view.getInt8(at) },
  "|b1": { bytes: 1, read: (view, at) => view.getUint8(at) },
  "<u2": { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  "<i2": { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  "<u4": { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  "<i4": { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  "<u8": { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  "<i8": { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
};

/** @param where such as "data.npz: train_images.npy", for errors */
export function readNpy(bytes: Uint8Array, where: string): NpyArray {
  const { descr, shape, dataAt } = readHeader(bytes, where);
  const count = shape.reduce((product, length) => product * length, 1);
  const size = descr === "|u1" ? 1 : READERS[descr]?.bytes;
  if (size === undefined)
    throw invalid(where, `its numbers are of type "${descr}", expected whole numbers such as |u1`);
  if (bytes.length < dataAt + count * size)
    throw invalid(where, `truncated: ${bytes.length - dataAt} bytes of data, expected ${count * size}`);
  if (descr === "|u1") return { shape, values: bytes.subarray(dataAt, dataAt + count) };
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataAt);
  const { read } = READERS[descr] as { read: (view: DataView, at: number) => number };
  return { shape, values: Array.from({ length: count }, (_, i) => read(view, i * size)) };
}

function readHeader(bytes: Uint8Array, where: string): { descr: string; shape: number[]; dataAt: number } {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw invalid(where, "not an .npy array");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const long = (bytes[6] as number) >= 2; // version 2 and 3 have a length of 4 bytes
  const headerAt = long ? 12 : 10;
  const dataAt = headerAt + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = Buffer.from(bytes.subarray(headerAt, dataAt)).toString("latin1");
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || shape === undefined) throw invalid(where, "its header cannot be understood");
  if (/'fortran_order':\s*True/.test(header)) throw invalid(where, "it is in Fortran order, expected C order");
  const lengths = shape.split(",").filter((text) => text.trim() !== "");
  return { descr, shape: lengths.map(Number), dataAt };
}

function invalid(where: string, what: string): LockstepError {
  const next = "Save it again with numpy: np.savez(file, train_images=…, train_labels=…, …) with uint8 images.";
  return new LockstepError({ code: "data-invalid", message: `${where}: ${what}`, next });
}
