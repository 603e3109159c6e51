// How numbers are spread: counts in bins of equal width from the least to the largest, as numpy.histogram makes them.
import type { HistogramEvent } from "./recorder.ts";

export type Histogram = Pick<HistogramEvent, "edges" | "counts">;

const BINS = 30;

/** NaN and infinities are in no bin; equal numbers stand in a range of 1 around them. No number at all: one empty bin. */
export function histogramOf(values: ArrayLike<number>, bins = BINS): Histogram {
  const [least, most] = rangeOf(values);
  const low = least < most ? least : least - 0.5;
  const high = least < most ? most : most + 0.5;
  const scale = bins / (high - low);
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) counts[Math.min(bins - 1, Math.floor((value - low) * scale))]!++;
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + i / scale));
  return { edges, counts };
}

function rangeOf(values: ArrayLike<number>): [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return least <= most ? [least, most] : [0, 0];
}
