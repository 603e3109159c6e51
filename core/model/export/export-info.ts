// What every exported file says about itself, and how an export takes a parameter out of a state.
import { LockstepError } from "../../errors.ts";
import { elementCount, type Network, type Parameter, type State } from "../network.ts";

export interface ExportInfo {
  /** In the order of the outputs. */
  readonly classes: readonly string[];
  readonly family: Network["family"];
  readonly layout: Network["layout"];
  readonly widthMult: number;
  readonly imageSizePx: number;
}

/** @param classes names in the order of the network's outputs */
export function exportInfo(network: Network, classes: readonly string[]): ExportInfo {
  const { family, layout, widthMult, imageSizePx } = network;
  return { classes, family, layout, widthMult, imageSizePx };
}

/** The same as texts, for formats whose metadata is text; lists and numbers as JSON. */
export function infoTexts(info: ExportInfo): Record<string, string> {
  return Object.fromEntries(
    Object.entries(info).map(([key, of]) => [key, typeof of === "string" ? of : JSON.stringify(of)]),
  );
}

/** The parameter's float32 values, checked against its shape. */
export function valuesOf(state: State, { name, shape }: Parameter): Float32Array {
  const values = state.get(name);
  if (values?.length === elementCount(shape)) return values;
  throw new LockstepError({
    code: "weights-invalid",
    message: `export: "${name}" has ${values?.length ?? "no"} values, expected ${elementCount(shape)}`,
    next: "Export a checkpoint of this network.",
  });
}
