// A trained network as files that other programs read: PyTorch (safetensors), ONNX runtimes, TensorFlow.js.
import type { Network, State } from "../network.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import { exportInfo, infoTexts, valuesOf } from "./export-info.ts";
import { exportOnnx } from "./onnx.ts";
import { exportTfjs } from "./tfjs.ts";

export type ExportFormat = "safetensors" | "onnx" | "tfjs";

/** @param classes names in the order of the outputs @returns the files by name */
export function exportModel(
  network: Network,
  state: State,
  { to, classes }: { readonly to: ExportFormat; readonly classes: readonly string[] },
): Map<string, Uint8Array> {
  const info = exportInfo(network, classes);
  if (to === "onnx") return new Map([["model.onnx", exportOnnx(network, state, info)]]);
  if (to === "tfjs") return exportTfjs(network, state, info);
  const tensors = network.parameters.map((p) => [p.name, { shape: p.shape, values: valuesOf(state, p) }] as const);
  return new Map([["model.safetensors", writeSafetensors(new Map(tensors), infoTexts(info))]]);
}
