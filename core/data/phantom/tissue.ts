// The breast without a lesion: skin, fat with bright septa, glandular tissue with fibres, fascia and muscle with its striations.
// Echo strengths in dB relative to glandular tissue; their order follows B-mode atlases (fat dark, gland and fascia bright).
import type { Stream } from "../../random.ts";
import { mix, smooth, valueNoise, wave } from "./noise.ts";

/** @returns echo strength in dB, float64 [sizePx, sizePx] */
export function tissueEcho(draw: Stream, sizePx: number): Float64Array {
  const layers = drawLayers(draw, sizePx);
  const patches = valueNoise(draw, sizePx, 4 + draw.integer(4), 7 + draw.integer(8));
  const fine = valueNoise(draw, sizePx, 10 + draw.integer(6), 24 + draw.integer(12));
  const fibres = valueNoise(draw, sizePx, 3 + draw.integer(4), 11 + draw.integer(9));
  const stripes = 14 + draw.integer(14); // striations of muscle over the image's height
  const echo = new Float64Array(sizePx * sizePx);
  for (let y = 0; y < sizePx; y++) {
    const depth = y / sizePx;
    for (let x = 0; x < sizePx; x++) {
      const i = y * sizePx + x;
      const ridge = ridgeOf(fibres[i] as number);
      const gland = 9 * ((patches[i] as number) - 0.5) + 10 * ((fine[i] as number) - 0.5) + layers.fibreDb * ridge;
      const fat = layers.fatDb + 4 * ((fine[i] as number) - 0.5) + 16 * ridge * ridge;
      const warp = depth * stripes + 1.5 * (patches[i] as number) + (layers.muscleTilt * x) / sizePx;
      const muscle = layers.muscleDb + 13 * triangle(warp) * (0.3 + 0.7 * (fine[i] as number)) + 3 * ridge;
      const intoGland = smooth((depth - (layers.gland[x] as number)) / 0.03);
      const intoMuscle = smooth((depth - (layers.muscle[x] as number)) / 0.02);
      const fascia = 13 * bump((depth - (layers.muscle[x] as number)) / 0.018);
      const skin = 12 * bump((depth - 0.02) / 0.03) + 5 * bump((depth - 0.065) / 0.02);
      echo[i] = mix(mix(fat, gland, intoGland), muscle, intoMuscle) + fascia + skin;
    }
  }
  return echo;
}

interface Layers {
  /** By column: depth of the layer's beginning, as a share of the height. */
  readonly gland: Float64Array;
  readonly muscle: Float64Array;
  readonly fatDb: number;
  readonly muscleDb: number;
  readonly fibreDb: number;
  readonly muscleTilt: number;
}

function drawLayers(draw: Stream, sizePx: number): Layers {
  const glandDepth = mix(0.1, 0.36, draw.uniform());
  const muscleDepth = mix(0.68, 1.05, draw.uniform());
  return {
    gland: wave(draw, sizePx, 3).map((offset) => glandDepth + 0.07 * offset),
    muscle: wave(draw, sizePx, 2).map((offset) => muscleDepth + 0.06 * offset),
    fatDb: mix(-13, -5, draw.uniform()),
    muscleDb: mix(-16, -9, draw.uniform()),
    fibreDb: mix(4, 13, draw.uniform()),
    muscleTilt: mix(-2, 2, draw.uniform()),
  };
}

/** Bright lines where a smooth field crosses its middle: 1 there, 0 away from it. */
function ridgeOf(value: number): number {
  const line = 1 - 7 * Math.abs(value - 0.5);
  return line > 0 ? line : 0;
}

/** A triangle wave of period 1, between 0 and 1. */
function triangle(t: number): number {
  return Math.abs(2 * (t - Math.floor(t)) - 1);
}

function bump(t: number): number {
  const rest = 1 - t * t;
  return rest > 0 ? rest * rest : 0;
}
