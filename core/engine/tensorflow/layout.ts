// Between torchvision's layouts, which states have, and TensorFlow's, which the graph's variables have. Done on the host, since it
// happens only at loading and saving. Both changes reverse the order of three axes: [out, in, k k] <-> [k k, in, out]; a depthwise
// filter [C, 1, k, k] becomes [k, k, C, 1], which has the same values in the same places as [k k, 1, C].
import type { Parameter } from "../../model/network.ts";

/** Shape of the parameter's variable. */
export function variableShape({ kind, shape }: Parameter): readonly number[] {
  const [out, inputs, height, width] = shape as [number, number, number, number];
  if (kind === "convWeight") return [height, width, inputs, out];
  if (kind === "depthwiseWeight") return [height, width, out, 1];
  return shape;
}

/** Values of a parameter, or of anything shaped like it, in the order of its variable; a copy. */
export function toVariable(parameter: Parameter, values: Float32Array): Float32Array {
  const axes = filterAxes(parameter);
  return axes === null ? values.slice() : reverseAxes(values, axes);
}

/** The way back; a copy. */
export function fromVariable(parameter: Parameter, values: Float32Array): Float32Array {
  const axes = filterAxes(parameter);
  return axes === null ? values.slice() : reverseAxes(values, [axes[2], axes[1], axes[0]]);
}

type Axes = readonly [number, number, number];

function filterAxes({ kind, shape }: Parameter): Axes | null {
  if (kind !== "convWeight" && kind !== "depthwiseWeight") return null;
  const [out, inputs, height, width] = shape as [number, number, number, number];
  return [out, inputs, height * width];
}

/** [a, b, c] to [c, b, a]. */
function reverseAxes(values: Float32Array, [a, b, c]: Axes): Float32Array {
  const reversed = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const source = (i * b + j) * c;
      for (let k = 0; k < c; k++) reversed[(k * b + j) * a + i] = values[source + k] as number;
    }
  }
  return reversed;
}
