// Files of torch.save: zip archives since PyTorch 1.6 and the older stream of pickles. Both hold a pickle that names its tensors'
// storages; it is read by pickle.ts, which runs nothing, and only names from the short list in torch-names.ts are admitted.
import { PickleError } from "./pickle-bytes.ts";
import { readPickle } from "./pickle.ts";
import { isZip, readStoredZip, ZipError } from "./stored-zip.ts";
import { BYTES_OF, damagedFile, weightsError, type NumberType, type Tensor } from "./tensor.ts";
import { isTensor, torchMeaning, type TensorRef } from "./torch-names.ts";
import { gatherTensors } from "./torch-tensors.ts";

/** Keys under which checkpoints keep the weights. */
const WEIGHT_KEYS = ["state_dict", "model_state_dict", "model", "net", "weights"];

/** Names of the arrays in the file's order. @param where names the file in errors */
export function readTorchFile(file: Uint8Array, where: string): Map<string, Tensor> {
  try {
    const { root, storages } = isZip(file) ? readZip(file, where) : readLegacy(file, where);
    return gatherTensors(findStateDict(root, where), storages, where);
  } catch (error) {
    if (error instanceof PickleError || error instanceof ZipError) throw damagedFile(where, error.message, error);
    throw error;
  }
}

/** The legacy stream opens with the pickle of the number 0x1950a86a20f9469cfc6c. */
export function isLegacyTorch(file: Uint8Array): boolean {
  return file[0] === 0x80 && file[2] === 0x8a && file[3] === 0x0a && file[4] === 0x6c && file[5] === 0xfc;
}

interface Opened {
  readonly root: unknown;
  /** Raw bytes by key. */
  readonly storages: ReadonlyMap<string, Uint8Array>;
}

function readZip(file: Uint8Array, where: string): Opened {
  const entries = readStoredZip(file);
  const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  const pickle = entries.get(pickleName ?? "");
  if (pickleName === undefined || pickle === undefined) throw foreign(where, "a zip archive without data.pkl");
  const folder = pickleName.slice(0, -"data.pkl".length);
  const order = new TextDecoder().decode(entries.get(`${folder}byteorder`)).trim();
  if (order === "big") throw foreign(where, "numbers in big-endian order");
  const { value } = readPickle(pickle, 0, torchMeaning(where));
  const storages = new Map([...entries].map(([name, bytes]) => [name.slice(`${folder}data/`.length), bytes]));
  return { root: value, storages };
}

/** Magic number, protocol, system, the object, the storages' keys; then each storage: its length (int64) and its numbers. */
function readLegacy(file: Uint8Array, where: string): Opened {
  const types = new Map<string, NumberType>();
  const meaning = torchMeaning(where, types);
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
  if (!Array.isArray(keys)) throw damagedFile(where, "the list of storages is missing");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const storages = new Map<string, Uint8Array>();
  for (const key of keys.map(String)) {
    if (at + 8 > file.length) throw damagedFile(where, "it ends in the middle");
    const length = Number(view.getBigInt64(at, true)) * BYTES_OF[types.get(key) ?? "f32"];
    if (length < 0 || at + 8 + length > file.length) throw damagedFile(where, "it ends in the middle");
    storages.set(key, file.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { root, storages };
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

function foreign(where: string, what: string): Error {
  return weightsError(
    `${where}: ${what}, expected a state dict of torch.save`,
    "Save it with torch.save(model.state_dict(), path), or as .safetensors.",
  );
}
