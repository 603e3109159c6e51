// Opens a weights file of any kind that we read; what it is, its first bytes decide, not its name.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Network } from "../network.ts";
import { readKerasFile, type KerasLayer } from "./keras-file.ts";
import { KERAS_WARNING, kerasToTorchvision } from "./keras-names.ts";
import { readSafetensors } from "./safetensors.ts";
import { isZip } from "./stored-zip.ts";
import { weightsError, type Tensor } from "./tensor.ts";
import { isLegacyTorch, readTorchFile } from "./torch-file.ts";

export interface WeightsFile {
  readonly path: string;
  readonly format: "safetensors" | "torch" | "torch-legacy" | "keras";
  /** Of the file's bytes; 64 hex digits. */
  readonly sha256: string;
  /** In the file's order. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly warnings: readonly string[];
}

/** @param network what the file is meant for: Keras layers are named after it where they are its own */
export async function openWeights(path: string, network: Network): Promise<WeightsFile> {
  const file = await readBytes(path);
  const where = basename(path);
  const sha256 = createHash("sha256").update(file).digest("hex");
  const opened = { path, sha256, warnings: [] };
  if (isHdf5(file)) return { ...opened, format: "keras", ...(await openKeras(path, where, network)) };
  if (isZip(file)) return { ...opened, format: "torch", tensors: readTorchFile(file, where) };
  if (isLegacyTorch(file)) return { ...opened, format: "torch-legacy", tensors: readTorchFile(file, where) };
  if (isSafetensors(file)) return { ...opened, format: "safetensors", tensors: readSafetensors(file, where).tensors };
  throw weightsError(
    `${where}: not a weights file that we read (${file.length} bytes), expected .pth, .safetensors, .h5 or .weights.h5`,
    "Save the weights with torch.save(model.state_dict(), path) or safetensors.torch.save_file.",
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : "cannot be read";
    throw weightsError(`${path}: ${reason}`, "Give the path of a weights file.", cause);
  }
}

async function openKeras(path: string, where: string, network: Network) {
  const layers = await readKerasFile(path, where);
  const named = network.layout === "torchvision" ? kerasToTorchvision(layers, network) : null;
  return named === null ? { tensors: rawNames(layers), warnings: [] } : { tensors: named, warnings: [KERAS_WARNING] };
}

function rawNames(layers: readonly KerasLayer[]): Map<string, Tensor> {
  return new Map(
    layers.flatMap(({ name, weights }) => [...weights].map(([role, tensor]) => [`${name}/${role}`, tensor])),
  );
}

function isHdf5(file: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => file[i] === byte);
}

/** A header's length, then "{". */
function isSafetensors(file: Uint8Array): boolean {
  return file.length > 8 && file[8] === 0x7b;
}
