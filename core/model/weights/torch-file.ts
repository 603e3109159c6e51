// Files of torch.save: zip archives since PyTorch 1.6 and the older stream of pickles. Both hold a pickle that names its tensors'
// storages; it is read by pickle.ts, which runs nothing, and only names from the short list below are admitted.
import { unzipSync } from "fflate";
import { elementCount } from "../network.ts";
import { PickleError, readPickle, type PickleMeaning } from "./pickle.ts";
import { BYTES_OF, toFloat32, weightsError, type NumberType, type Tensor } from "./tensor.ts";

const STORAGES: Readonly<Record<string, NumberType>> = {
  "torch.DoubleStorage": "f64",
  "torch.FloatStorage": "f32",
  "torch.HalfStorage": "f16",
  "torch.BFloat16Storage": "bf16",
  "torch.LongStorage": "i64",
  "torch.IntStorage": "i32",
  "torch.ShortStorage": "i16",
  "torch.CharStorage": "i8",
  "torch.ByteStorage": "u8",
  "torch.BoolStorage": "bool",
};

/** Harmless names that a training checkpoint may hold beside tensors; their values are dropped. */
const INERT = new Set([
  "argparse.Namespace",
  "_codecs.encode",
  "numpy.dtype",
  "numpy.core.multiarray.scalar",
  "numpy._core.multiarray.scalar",
  "torch.Size",
  "torch.device",
]);

/** Keys under which checkpoints keep the weights. */
const WEIGHT_KEYS = ["state_dict", "model_state_dict", "model", "net", "weights"];

/** Names of the arrays in the file's order. @param where names the file in errors */
export function readTorchFile(file: Uint8Array, where: string): Map<string, Tensor> {
  try {
    const { root, storage } = isZip(file) ? readZip(file, where) : readLegacy(file, where);
    return tensorsOf(findStateDict(root, where), storage, where);
  } catch (error) {
    if (error instanceof PickleError) throw damaged(where, error.message, error);
    throw error;
  }
}

export function isZip(file: Uint8Array): boolean {
  return file[0] === 0x50 && file[1] === 0x4b; // "PK"
}

/** The legacy stream opens with the pickle of the number 0x1950a86a20f9469cfc6c. */
export function isLegacyTorch(file: Uint8Array): boolean {
  return file[0] === 0x80 && file[2] === 0x8a && file[3] === 0x0a && file[4] === 0x6c && file[5] === 0xfc;
}

/** Where a tensor's numbers are: a storage by key and the storage's type. */
interface StorageRef {
  readonly key: string;
  readonly type: NumberType;
}

interface TensorRef {
  readonly kind: "tensor";
  readonly storage: StorageRef;
  /** In elements, as are the strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

interface Opened {
  readonly root: unknown;
  /** Raw bytes of a storage. */
  readonly storage: (ref: StorageRef) => Uint8Array;
}

function readZip(file: Uint8Array, where: string): Opened {
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(file);
  } catch (cause) {
    throw damaged(where, "the zip archive cannot be read", cause);
  }
  const pickleName = Object.keys(entries).find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickleName === undefined) throw foreign(where, "a zip archive without data.pkl");
  const folder = pickleName.slice(0, -"data.pkl".length);
  const order = entries[`${folder}byteorder`];
  if (order !== undefined && new TextDecoder().decode(order).trim() === "big") {
    throw foreign(where, "numbers in big-endian order");
  }
  const { value } = readPickle(entries[pickleName] as Uint8Array, 0, meaningFor(where));
  const storage = ({ key }: StorageRef) => {
    const bytes = entries[`${folder}data/${key}`];
    if (bytes === undefined) throw damaged(where, `storage ${key} is missing`);
    return bytes;
  };
  return { root: value, storage };
}

/** Magic number, protocol, system, the object, the storages' keys; then each storage: its length (int64) and its numbers. */
function readLegacy(file: Uint8Array, where: string): Opened {
  const types = new Map<string, NumberType>();
  const meaning = meaningFor(where, types);
  let at = 0;
  const next = () => {
    const { value, end } = readPickle(file, at, meaning);
    at = end;
    return value;
  };
  next();
  if (next() !== 1001) throw foreign(where, "an unknown protocol");
  next();
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw damaged(where, "the list of storages is missing");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const storages = new Map<string, Uint8Array>();
  for (const key of keys.map(String)) {
    if (at + 8 > file.length) throw damaged(where, "it ends in the middle");
    const length = Number(view.getBigInt64(at, true)) * BYTES_OF[types.get(key) ?? "f32"];
    if (length < 0 || at + 8 + length > file.length) throw damaged(where, "it ends in the middle");
    storages.set(key, file.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  const storage = ({ key }: StorageRef) => {
    const bytes = storages.get(key);
    if (bytes === undefined) throw damaged(where, `storage ${key} is missing`);
    return bytes;
  };
  return { root, storage };
}

/** @param types filled with the type of each storage that is met */
function meaningFor(where: string, types = new Map<string, NumberType>()): PickleMeaning {
  return {
    admit(name) {
      if (CALLS[name] === undefined && STORAGES[name] === undefined && !INERT.has(name)) throw refused(where, name);
    },
    call(name, args) {
      return CALLS[name]?.(args) ?? null;
    },
    persistent(id) {
      const [tag, type, key] = Array.isArray(id) ? (id as unknown[]) : [];
      const numberType = STORAGES[(type as { name?: string } | undefined)?.name ?? ""];
      if (tag !== "storage" || numberType === undefined) throw new PickleError("a storage of a kind that is not read");
      types.set(String(key), numberType);
      return { key: String(key), type: numberType } satisfies StorageRef;
    },
  };
}

/** What stands for the functions that a state dict's pickle calls. */
const CALLS: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  "collections.OrderedDict": ([pairs]) => new Map((pairs as [unknown, unknown][] | undefined) ?? []),
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_parameter": ([tensor]) => tensor,
};

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TensorRef {
  const whole = (list: unknown) => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  const valid = typeof storage === "object" && storage !== null && whole([offset]) && whole(shape) && whole(strides);
  if (!valid) throw new PickleError("a tensor with arguments that make no sense");
  return {
    kind: "tensor",
    storage: storage as StorageRef,
    offset: offset as number,
    shape: shape as number[],
    strides: strides as number[],
  };
}

function isTensor(value: unknown): value is TensorRef {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tensor";
}

/** The state dict: the root itself, or what it keeps under one of the usual keys. */
function findStateDict(root: unknown, where: string): Map<string, TensorRef> {
  const inside = (key: string): unknown => (root instanceof Map ? root.get(key) : undefined);
  for (const candidate of [root, ...WEIGHT_KEYS.map(inside)]) {
    if (!(candidate instanceof Map)) continue;
    const tensors = [...candidate].filter(([name, value]) => typeof name === "string" && isTensor(value));
    if (tensors.length > 0) return new Map(tensors as [string, TensorRef][]);
  }
  const keys = root instanceof Map ? [...root.keys()].slice(0, 8).map(String).join(", ") : "none";
  throw foreign(where, `no named tensors in it (keys: ${keys})`);
}

function tensorsOf(refs: Map<string, TensorRef>, storage: Opened["storage"], where: string): Map<string, Tensor> {
  const names = [...refs.keys()];
  const prefix = names.every((name) => name.startsWith("module.")) ? "module." : ""; // of DataParallel
  const decoded = new Map<string, Float32Array>();
  return new Map(
    [...refs].map(([name, ref]) => {
      const all = decoded.get(ref.storage.key) ?? decode(storage(ref.storage), ref.storage.type, where);
      decoded.set(ref.storage.key, all);
      return [name.slice(prefix.length), { shape: ref.shape, values: gather(all, ref, `${where}: "${name}"`) }];
    }),
  );
}

function decode(bytes: Uint8Array, type: NumberType, where: string): Float32Array {
  if (bytes.length % BYTES_OF[type] !== 0) throw damaged(where, "a storage ends in the middle of a number");
  return toFloat32(bytes, type);
}

/** The tensor's numbers in row-major order, by its strides. */
function gather(all: Float32Array, { offset, shape, strides }: TensorRef, where: string): Float32Array {
  const count = elementCount(shape);
  const last = shape.reduce((at, size, axis) => at + (size - 1) * (strides[axis] ?? 0), offset);
  const fits = strides.length === shape.length && count <= all.length && (count === 0 || last < all.length);
  if (!fits) throw damaged(where, "it reaches beyond its storage");
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

function damaged(where: string, what: string, cause?: unknown): Error {
  return weightsError(
    `${where}: damaged: ${what}`,
    "Copy or download the file again; it may have been cut off.",
    cause,
  );
}

function foreign(where: string, what: string): Error {
  return weightsError(
    `${where}: ${what}, expected a state dict of torch.save`,
    "Save it with torch.save(model.state_dict(), path), or as .safetensors.",
  );
}

function refused(where: string, name: string): Error {
  return weightsError(
    `${where}: refused: its pickle names ${name}, which is no part of weights; nothing of it was run`,
    "Save only weights: torch.save(model.state_dict(), path), or as .safetensors.",
  );
}
