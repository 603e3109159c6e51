// Smooth random fields: values on a coarse lattice, interpolated by a smoothstep in between (value noise).
import type { Stream } from "../../random.ts";

/** @returns float64 [sizePx, sizePx], each in [0, 1) @param columns, rows cells of the lattice over the image */
export function valueNoise(draw: Stream, sizePx: number, columns: number, rows: number): Float64Array {
  const width = columns + 2;
  const lattice = Float64Array.from({ length: width * (rows + 2) }, draw.uniform);
  const field = new Float64Array(sizePx * sizePx);
  const across = steps(sizePx, columns);
  for (let y = 0; y < sizePx; y++) {
    const v = (y * rows) / sizePx;
    const row = Math.floor(v) * width;
    const weightY = smooth(v - Math.floor(v));
    for (let x = 0; x < sizePx; x++) {
      const at = row + (across.cell[x] as number);
      const weightX = across.weight[x] as number;
      const top = mix(lattice[at] as number, lattice[at + 1] as number, weightX);
      const bottom = mix(lattice[at + width] as number, lattice[at + width + 1] as number, weightX);
      field[y * sizePx + x] = mix(top, bottom, weightY);
    }
  }
  return field;
}

/** A wavy line: a smooth random offset for each column, float64 [sizePx], each in [-1, 1). */
export function wave(draw: Stream, sizePx: number, columns: number): Float64Array {
  const lattice = Float64Array.from({ length: columns + 2 }, draw.uniform);
  const { cell, weight } = steps(sizePx, columns);
  return Float64Array.from({ length: sizePx }, (_, x) => {
    const at = cell[x] as number;
    return 2 * mix(lattice[at] as number, lattice[at + 1] as number, weight[x] as number) - 1;
  });
}

export function mix(a: number, b: number, weight: number): number {
  return a + (b - a) * weight;
}

/** 0 at t <= 0, 1 at t >= 1, smooth in between. */
export function smooth(t: number): number {
  if (t <= 0) return 0;
  if (t >= 1) return 1;
  return t * t * (3 - 2 * t);
}

function steps(sizePx: number, cells: number): { cell: Int32Array; weight: Float64Array } {
  const cell = new Int32Array(sizePx);
  const weight = new Float64Array(sizePx);
  for (let x = 0; x < sizePx; x++) {
    const u = (x * cells) / sizePx;
    cell[x] = Math.floor(u);
    weight[x] = smooth(u - Math.floor(u));
  }
  return { cell, weight };
}
