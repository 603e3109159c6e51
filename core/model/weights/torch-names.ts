// What a state dict's pickle may name, and what stands for it here. Any other name is refused before anything is made of it.
import { PickleError } from "./pickle-bytes.ts";
import type { PickleMeaning } from "./pickle.ts";
import { weightsError, type NumberType } from "./tensor.ts";

/** Where a tensor's numbers are: a storage by key and the storage's type. */
export interface StorageRef {
  readonly key: string;
  readonly type: NumberType;
}

export interface TensorRef {
  readonly kind: "tensor";
  readonly storage: StorageRef;
  /** In elements, as are the strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

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

/** @param types filled with the type of each storage that is met */
export function torchMeaning(where: string, types = new Map<string, NumberType>()): PickleMeaning {
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
  "collections.OrderedDict": orderedDict,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_parameter": ([tensor]) => tensor,
};

/** Empty, or out of a list of pairs. */
function orderedDict([pairs = []]: readonly unknown[]): Map<unknown, unknown> {
  const valid = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
  if (!valid) throw new PickleError("an OrderedDict out of something that is no list of pairs");
  return new Map(pairs as [unknown, unknown][]);
}

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

export function isTensor(value: unknown): value is TensorRef {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tensor";
}

function refused(where: string, name: string): Error {
  return weightsError(
    `${where}: refused: its pickle names ${name}, which is no part of weights; nothing of it was run`,
    "Save only weights: torch.save(model.state_dict(), path), or as .safetensors.",
  );
}
