// What every reader of weights gives: named arrays, all as float32, and how their raw bytes become that.
import { LockstepError } from "../../errors.ts";

export interface Tensor {
  readonly shape: readonly number[];
  /** float32, in row-major order of `shape`. */
  readonly values: Float32Array;
}

/** Number types that weights files hold; integers are counters such as num_batches_tracked. */
export type NumberType = "f64" | "f32" | "f16" | "bf16" | "i64" | "i32" | "i16" | "i8" | "u8" | "bool";

export const BYTES_OF: Readonly<Record<NumberType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** Little-endian numbers to float32, in a copy. @param bytes a multiple of the type's size */
export function toFloat32(bytes: Uint8Array, type: NumberType): Float32Array {
  const copy = new Uint8Array(bytes); // aligned, and free of the file's buffer
  if (type === "f32") return new Float32Array(copy.buffer);
  const view = new DataView(copy.buffer);
  const read: Record<NumberType, (at: number) => number> = {
    f64: (at) => view.getFloat64(at, true),
    f32: (at) => view.getFloat32(at, true),
    f16: (at) => fromHalf(view.getUint16(at, true)),
    bf16: (at) => fromBfloat(view.getUint16(at, true)),
    i64: (at) => Number(view.getBigInt64(at, true)),
    i32: (at) => view.getInt32(at, true),
    i16: (at) => view.getInt16(at, true),
    i8: (at) => view.getInt8(at),
    u8: (at) => view.getUint8(at),
    bool: (at) => view.getUint8(at),
  };
  const size = BYTES_OF[type];
  return Float32Array.from({ length: copy.length / size }, (_, i) => read[type](i * size));
}

/** The one way in which a damaged or foreign file is refused. */
export function weightsError(message: string, next: string, cause?: unknown): LockstepError {
  return new LockstepError({ code: "weights-invalid", message, next, cause });
}

/** A file that was cut off or changed. */
export function damagedFile(where: string, what: string, cause?: unknown): LockstepError {
  return weightsError(
    `${where}: damaged: ${what}`,
    "Copy or download the file again; it may have been cut off.",
    cause,
  );
}

const word = new DataView(new ArrayBuffer(4));

/** IEEE 754 half precision. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return (sign * fraction) / 16777216; // 2^-24: denormal
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  word.setUint32(0, ((exponent + 112) << 23) | (fraction << 13));
  return sign * word.getFloat32(0);
}

/** The upper half of a float32. */
function fromBfloat(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
