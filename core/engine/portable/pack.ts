// Parameters in and out of the kernels' layout: matrices as [N / 8][K] vectors of 8 outputs, K and N padded with zeros;
// a convolution's K in order ky, kx, channel (as the patches are), depthwise taps as [C / 8][ky, kx], vectors as [C / 8].
import { elementCount, type Parameter } from "../../model/network.ts";
import { takeTurns, type Turns } from "../../turns.ts";
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
export async function pack(
  parameter: Parameter,
  from: Float32Array,
  to: Float32Array,
  turns: Turns = takeTurns(),
): Promise<void> {
  to.fill(0);
  await copyInTurns(parameter, { packed: to, plain: from, toPacked: true }, turns);
}

/** @returns float32 in torchvision's layout */
export async function unpack(
  parameter: Parameter,
  from: Float32Array,
  turns: Turns = takeTurns(),
): Promise<Float32Array> {
  const to = new Float32Array(elementCount(parameter.shape));
  await copyInTurns(parameter, { packed: from, plain: to, toPacked: false }, turns);
  return to;
}

/** Outputs that are copied at a time: of the widest dense layer, a megabyte. */
const OUTPUTS_AT_ONCE = 256;

async function copyInTurns(parameter: Parameter, sides: Sides, turns: Turns): Promise<void> {
  const [outputs = 1, ...rest] = parameter.shape;
  for (let first = 0; first < outputs; first += OUTPUTS_AT_ONCE) {
    const end = Math.min(first + OUTPUTS_AT_ONCE, outputs);
    copyElements(parameter, sides, { first, end });
    await turns((end - first) * elementCount(rest) * 4);
  }
}

interface Sides {
  readonly packed: Float32Array;
  readonly plain: Float32Array;
  readonly toPacked: boolean;
}

interface Range {
  readonly first: number;
  readonly end: number;
}

/** Millions of elements, on the main thread: hence one plain loop and no function for each element. */
function copyElements(parameter: Parameter, { packed, plain, toPacked }: Sides, outputs: Range): void {
  const { inputs } = packingOf(parameter);
  const [, channels = 1, height = 1, width = 1] = parameter.shape;
  const taps = height * width;
  let at = outputs.first * channels * taps;
  for (let n = outputs.first; n < outputs.end; n++) {
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
