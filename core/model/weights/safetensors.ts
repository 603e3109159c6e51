// safetensors, the format of our checkpoints: 8 bytes with the header's length, a JSON header, then the raw arrays. Nothing in it runs.
import * as z from "zod";
import { elementCount } from "../network.ts";
import { BYTES_OF, damagedFile, toFloat32, type NumberType, type Tensor } from "./tensor.ts";

export interface SafetensorsFile {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  /** Start and end in the bytes after the header. */
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

const headerSchema = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(entrySchema);

const TYPES: Readonly<Record<string, NumberType>> = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  I64: "i64",
  I32: "i32",
  I16: "i16",
  I8: "i8",
  U8: "u8",
  BOOL: "bool",
};

/** Writes float32 arrays in the order of the map. @returns the bytes of the file */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  return Buffer.concat(safetensorsParts(tensors, metadata));
}

/** The file in parts: its header, then each array where it lies, without a copy. */
export function safetensorsParts(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Record<string, string> = {},
): Uint8Array[] {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8; // padded with spaces, so that the arrays are aligned
  const head = new Uint8Array(8 + headerLength).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerLength), true);
  head.set(json, 8);
  return [
    head,
    ...Array.from(tensors.values(), ({ values }) => {
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    }),
  ];
}

/** @param where names the file in errors */
export function readSafetensors(file: Uint8Array, where: string): SafetensorsFile {
  const { header, data } = splitHeader(file, where);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = Object.entries(entries).map(([name, entry]) => [name, readTensor(name, entry, data, where)] as const);
  return { tensors: new Map(tensors), metadata };
}

function splitHeader(file: Uint8Array, where: string): { header: z.infer<typeof headerSchema>; data: Uint8Array } {
  if (file.length < 8) throw damagedFile(where, `${file.length} bytes, expected at least 8`);
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > file.length - 8) {
    throw damagedFile(where, `a header of ${length} bytes, but the file has ${file.length}`);
  }
  const text = new TextDecoder().decode(file.subarray(8, 8 + length));
  try {
    return { header: headerSchema.parse(JSON.parse(text)), data: file.subarray(8 + length) };
  } catch (cause) {
    throw damagedFile(where, "its header is not what safetensors has", cause);
  }
}

function readTensor(name: string, entry: z.infer<typeof entrySchema>, data: Uint8Array, where: string): Tensor {
  const type = TYPES[entry.dtype];
  if (type === undefined) throw damagedFile(where, `"${name}" has type ${entry.dtype}, which is not read`);
  const [start, end] = entry.data_offsets;
  const expected = elementCount(entry.shape) * BYTES_OF[type];
  const fits = end <= data.length && end - start === expected;
  if (!fits)
    throw damagedFile(where, `"${name}" takes bytes ${start} to ${end} of ${data.length}, expected ${expected} bytes`);
  return { shape: entry.shape, values: toFloat32(data.subarray(start, end), type) };
}
