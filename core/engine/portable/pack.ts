// Parameters in and out of the kernels' layout: matrices as [N / 8][K] vectors of 8 outputs, K and N padded with zeros;
// a convolution's K in order ky, kx, channel (as the patches are), depthwise taps as [C / 8][ky, kx], vectors as [C / 8].
import { elementCount, type Parameter } from "../../model/network.ts";
import { padded } from "./shapes.ts";

export interface Packing {
  /** Inputs of a matrix or taps of a plane, padded; 1 for vectors. */
  readonly inputs: number;
  /** Outputs or channels, padded. */
  readonly outputs: number;
  /** Vectors of 8 in all. */
  readonly vectors: number;
}

export function packingOf(parameter: Parameter): Packing {
  const [outputs = 1, ...rest] = parameter.shape;
  const inputs = elementCount(rest);
  const isMatrix = parameter.kind === "convWeight" || parameter.kind === "denseWeight";
  const paddedInputs = isMatrix ? padded(inputs) : inputs;
  return { inputs: paddedInputs, outputs: padded(outputs), vectors: (padded(outputs) / 8) * paddedInputs };
}

/** @param to float32, all of the packed parameter; its padding is set to 0 */
export function pack(parameter: Parameter, from: Float32Array, to: Float32Array): void {
  to.fill(0);
  copyElements(parameter, { packed: to, plain: from, toPacked: true });
}

/** @returns float32 in torchvision's layout */
export function unpack(parameter: Parameter, from: Float32Array): Float32Array {
  const to = new Float32Array(elementCount(parameter.shape));
  copyElements(parameter, { packed: from, plain: to, toPacked: false });
  return to;
}

interface Sides {
  readonly packed: Float32Array;
  readonly plain: Float32Array;
  readonly toPacked: boolean;
}

/** Millions of elements, on the main thread: hence one plain loop and no function for each element. */
function copyElements(parameter: Parameter, { packed, plain, toPacked }: Sides): void {
  const { inputs } = packingOf(parameter);
  const [outputs = 1, channels = 1, height = 1, width = 1] = parameter.shape;
  const taps = height * width;
  let at = 0;
  for (let n = 0; n < outputs; n++) {
    const base = (n >> 3) * inputs * 8 + (n & 7);
    for (let c = 0; c < channels; c++) {
      for (let tap = 0; tap < taps; tap++, at++) {
        const packedAt = base + (tap * channels + c) * 8;
        if (toPacked) packed[packedAt] = plain[at] as number;
        else plain[at] = packed[packedAt] as number;
      }
    }
  }
}
