// Speckle: what coherent waves from many scatterers a pixel sum to. A complex random field is blurred by the point-spread
// function of the probe (Gaussian, wider across than along the beam, and wider with depth); its magnitude is Rayleigh
// distributed by the central limit theorem (Wagner et al. 1983, "Statistics of speckle in ultrasound B-scans").
import { exp } from "../../exact-math.ts";
import type { Stream } from "../../random.ts";

/** Standard deviations of the point-spread function, in pixels. */
export interface PointSpread {
  readonly axialPx: number;
  readonly lateralPx: number;
}

/** @returns echo power, float64 [sizePx, sizePx], of mean 1 */
export function specklePower(draw: Stream, sizePx: number, { axialPx, lateralPx }: PointSpread): Float64Array {
  const pixels = sizePx * sizePx;
  const real = new Float64Array(pixels);
  const imaginary = new Float64Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const bits = draw.uint32(); // two uniform numbers of 16 bits; the blur makes them normal
    real[i] = (bits >>> 16) / 32768 - 1;
    imaginary[i] = (bits & 0xffff) / 32768 - 1;
  }
  const axial = gaussian(axialPx);
  const lateral = gaussian(lateralPx);
  blur(real, sizePx, axial, lateral);
  blur(imaginary, sizePx, axial, lateral);
  const gain = 3 / 2 / (energy(axial) * energy(lateral)); // a uniform number in [-1, 1) has variance 1/3
  for (let i = 0; i < pixels; i++) {
    const a = real[i] as number;
    const b = imaginary[i] as number;
    real[i] = (a * a + b * b) * gain;
  }
  return real;
}

/** Weights of a Gaussian at -radius … radius, summing to 1. */
function gaussian(sigmaPx: number): Float64Array {
  const radius = Math.max(1, Math.ceil(2.2 * sigmaPx));
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => {
    const distance = (i - radius) / sigmaPx;
    return exp((-distance * distance) / 2);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function energy(weights: Float64Array): number {
  return weights.reduce((sum, weight) => sum + weight * weight, 0);
}

/** Separable, in place; the field goes on at the other edge, so that its statistics are the same everywhere. */
function blur(field: Float64Array, sizePx: number, axial: Float64Array, lateral: Float64Array): void {
  const line = new Float64Array(sizePx);
  for (let i = 0; i < sizePx; i++) blurLine(field, { from: i * sizePx, step: 1, sizePx }, lateral, line);
  for (let i = 0; i < sizePx; i++) blurLine(field, { from: i, step: sizePx, sizePx }, axial, line);
}

function blurLine(
  field: Float64Array,
  { from, step, sizePx }: { from: number; step: number; sizePx: number },
  weights: Float64Array,
  line: Float64Array,
): void {
  const radius = (weights.length - 1) / 2;
  for (let i = 0; i < sizePx; i++) line[i] = field[from + i * step] as number;
  for (let i = 0; i < sizePx; i++) {
    let sum = 0;
    for (let k = -radius; k <= radius; k++) {
      const at = i + k < 0 ? i + k + sizePx : i + k >= sizePx ? i + k - sizePx : i + k;
      sum += (line[at] as number) * (weights[k + radius] as number);
    }
    field[from + i * step] = sum;
  }
}
