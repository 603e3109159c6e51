// Reads Keras weights in HDF5: .h5 of Keras 2 and 3 (groups by layer name) and Keras 3's .weights.h5 (groups by class and count).
import { LockstepError } from "../../errors.ts";
import { elementCount } from "../network.ts";
import { damagedFile, weightsError, type Tensor } from "./tensor.ts";

export interface KerasLayer {
  readonly name: string;
  readonly kind: "conv" | "depthwise" | "dense" | "batchNorm";
  /** By role: kernel and bias, or gamma, beta, moving_mean and moving_variance. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

const ROLES_OF_VARS = ["gamma", "beta", "moving_mean", "moving_variance"]; // .weights.h5 numbers them

/** The layers with weights, in the order of the model. @param path an HDF5 file @param where names it in errors */
export async function readKerasFile(path: string, where: string): Promise<KerasLayer[]> {
  const { default: h5wasm } = await import("h5wasm/node"); // 4 MB of wasm, loaded only where it is needed
  (await h5wasm.ready).activate_throwing_error_handler(); // else the library prints its troubles itself
  const layers = groupLayers(
    whole(where, () => {
      const file = new h5wasm.File(path, "r");
      try {
        return listDatasets(file, where);
      } finally {
        file.close();
      }
    }),
  );
  if (layers.length > 0) return layers;
  throw weightsError(`${where}: no Keras layers in this HDF5 file`, "Save it in Keras with model.save_weights(path).");
}

/** Runs `read`; whatever the HDF5 library finds wrong means that the file is damaged. */
function whole<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    throw damagedFile(where, "the HDF5 library cannot read it", cause);
  }
}

/** What is used of h5wasm's groups and data sets. */
interface H5Group {
  readonly attrs: Record<string, { readonly value: unknown }>;
  keys(): string[];
  get(path: string): unknown;
}
interface H5Dataset {
  readonly shape: number[] | null;
  readonly value: unknown;
}

interface Named extends Tensor {
  readonly path: string;
}

/** All arrays of the model, in its order; the optimizer's are left out. */
function listDatasets(file: H5Group, where: string): Named[] {
  const root = file.keys().includes("model_weights") ? (file.get("model_weights") as H5Group) : file;
  const numbered = root.keys().includes("layers") ? (root.get("layers") as H5Group) : null;
  if (numbered !== null) return walk(numbered, "", where, numerically);
  const order = attributeTexts(root, "layer_names") ?? root.keys();
  return order.flatMap((layer) => {
    const group = root.get(layer) as H5Group | null;
    if (group === null) return [];
    const names = attributeTexts(group, "weight_names");
    if (names === null) return walk(group, layer, where, (keys) => keys);
    return names.map((name) => readDataset(group.get(name), name.replace(/:0$/, ""), where));
  });
}

function walk(group: H5Group, prefix: string, where: string, order: (keys: string[]) => string[]): Named[] {
  return order(group.keys()).flatMap((key) => {
    const path = prefix === "" ? key : `${prefix}/${key}`;
    const child = group.get(key);
    const isGroup = typeof (child as Partial<H5Group> | null)?.keys === "function";
    return isGroup ? walk(child as H5Group, path, where, order) : [readDataset(child, path.replace(/:0$/, ""), where)];
  });
}

/** conv2d, conv2d_1, conv2d_2, conv2d_10: as Keras counts them. */
function numerically(keys: string[]): string[] {
  return [...keys].sort(new Intl.Collator("en", { numeric: true }).compare);
}

function attributeTexts(group: H5Group, name: string): string[] | null {
  const value = group.attrs[name]?.value;
  return Array.isArray(value) ? value.map((text) => String(text).replace(/\0+$/, "")) : null;
}

function readDataset(dataset: unknown, path: string, where: string): Named {
  const { shape, value } = (dataset ?? {}) as Partial<H5Dataset>;
  const values = ArrayBuffer.isView(value)
    ? Float32Array.from(value as unknown as ArrayLike<number>)
    : new Float32Array();
  if (!Array.isArray(shape) || values.length !== elementCount(shape)) {
    throw weightsError(`${where}: "${path}" cannot be read as an array of numbers`, "Save the weights again in Keras.");
  }
  return { path, shape, values };
}

/** Arrays of one folder belong to one layer. */
function groupLayers(datasets: readonly Named[]): KerasLayer[] {
  const folders = new Map<string, Named[]>();
  for (const dataset of datasets) {
    const folder = dataset.path.split("/").slice(0, -1).join("/");
    folders.set(folder, [...(folders.get(folder) ?? []), dataset]);
  }
  return [...folders].map(([folder, arrays]) => toLayer(folder, arrays)).filter((layer) => layer !== null);
}

function toLayer(folder: string, arrays: readonly Named[]): KerasLayer | null {
  const name = folder.replace(/\/vars$/, "");
  const numbered = arrays.every(({ path }) => /\/vars\/\d+$/.test(path));
  const lastWord = (path: string) => path.split("/").at(-1) ?? "";
  const isNorm = numbered ? arrays.length === 4 && arrays.every((a) => a.shape.length === 1) : hasGamma(arrays);
  const roles = isNorm ? ROLES_OF_VARS : ["kernel", "bias"];
  const role = (array: Named, i: number) =>
    numbered ? (roles[i] ?? String(i)) : lastWord(array.path).replace("depthwise_kernel", "kernel");
  const weights = new Map(arrays.map((array, i) => [role(array, i), array]));
  const kernel = weights.get("kernel");
  const depthwise = /depthwise/i.test(folder) || arrays.some(({ path }) => path.endsWith("depthwise_kernel"));
  if (isNorm) return { name, kind: "batchNorm", weights };
  if (kernel === undefined) return null;
  return { name, kind: kernel.shape.length === 2 ? "dense" : depthwise ? "depthwise" : "conv", weights };
}

function hasGamma(arrays: readonly Named[]): boolean {
  return arrays.some(({ path }) => path.endsWith("/gamma"));
}
