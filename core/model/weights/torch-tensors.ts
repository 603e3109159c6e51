// Tensors out of their storages: many may share one, at offsets and with strides of their own.
import { elementCount } from "../network.ts";
import { BYTES_OF, damagedFile, toFloat32, type Tensor } from "./tensor.ts";
import type { StorageRef, TensorRef } from "./torch-names.ts";

/** @param storages raw bytes by key @param where names the file in errors */
export function gatherTensors(
  refs: ReadonlyMap<string, TensorRef>,
  storages: ReadonlyMap<string, Uint8Array>,
  where: string,
): Map<string, Tensor> {
  const names = [...refs.keys()];
  const prefix = names.every((name) => name.startsWith("module.")) ? "module." : ""; // of DataParallel
  const decoded = new Map<string, Float32Array>();
  return new Map(
    [...refs].map(([name, ref]) => {
      const all = decoded.get(ref.storage.key) ?? decode(storages.get(ref.storage.key), ref.storage, where);
      decoded.set(ref.storage.key, all);
      return [name.slice(prefix.length), { shape: ref.shape, values: gather(all, ref, `${where}: "${name}"`) }];
    }),
  );
}

function decode(bytes: Uint8Array | undefined, { key, type }: StorageRef, where: string): Float32Array {
  if (bytes === undefined) throw damagedFile(where, `storage ${key} is missing`);
  if (bytes.length % BYTES_OF[type] !== 0) throw damagedFile(where, "a storage ends in the middle of a number");
  return toFloat32(bytes, type);
}

/** The tensor's numbers in row-major order, by its strides. */
function gather(all: Float32Array, { offset, shape, strides }: TensorRef, where: string): Float32Array {
  const count = elementCount(shape);
  const last = shape.reduce((at, size, axis) => at + (size - 1) * (strides[axis] ?? 0), offset);
  const fits = strides.length === shape.length && count <= all.length && (count === 0 || last < all.length);
  if (!fits) throw damagedFile(where, "it reaches beyond its storage");
  if (isContiguous(shape, strides)) return all.slice(offset, offset + count);
  return Float32Array.from({ length: count }, (_, i) => all[offset + strided(i, shape, strides)] as number);
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  return shape.every((size, axis) => size === 1 || strides[axis] === elementCount(shape.slice(axis + 1)));
}

/** Where the i-th element in row-major order stands. */
function strided(i: number, shape: readonly number[], strides: readonly number[]): number {
  let at = 0;
  let rest = i;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    at += (rest % size) * (strides[axis] as number);
    rest = Math.floor(rest / size);
  }
  return at;
}
