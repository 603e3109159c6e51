// The breast without a lesion: skin, fat with bright septa, glandular tissue with fibres, fascia and muscle with its striations.
// Echo strengths in dB relative to glandular tissue; their order follows B-mode atlases (fat dark, gland and fascia bright).
// Fibres are the lines where a smooth field crosses its middle, in layers that a wave bends and another field interrupts.
import type { Stream } from "../../random.ts";
import { mix, smooth, valueNoise, wave } from "./noise.ts";

/** @returns echo strength in dB, float64 [sizePx, sizePx] */
export function tissueEcho(draw: Stream, sizePx: number): Float64Array {
  const layers = drawLayers(draw, sizePx);
  const patches = valueNoise(draw, sizePx, 3 + draw.integer(4), 5 + draw.integer(6));
  const fine = valueNoise(draw, sizePx, 9 + draw.integer(6), 20 + draw.integer(12));
  const fibres = bend(valueNoise(draw, sizePx, 3 + draw.integer(4), 12 + draw.integer(12)), layers.bendPx);
  const echo = new Float64Array(sizePx * sizePx);
  for (let y = 0; y < sizePx; y++) {
    const depth = y / sizePx;
    for (let x = 0; x < sizePx; x++) {
      const i = y * sizePx + x;
      const patch = (patches[i] as number) - 0.5;
      const grain = (fine[i] as number) - 0.5;
      const ridge = ridgeOf(fibres[i] as number) * smooth(0.5 + 2.2 * patch + 1.6 * grain);
      const gland = layers.patchDb * patch + 9 * grain + layers.fibreDb * ridge;
      const fat = layers.fatDb + 5 * patch + 4 * grain + 13 * ridge;
      const striation = triangle(depth * layers.striations + 1.2 * patch + (layers.muscleTilt * x) / sizePx);
      const muscle = layers.muscleDb + 15 * striation * smooth(0.6 + 1.4 * grain + patch);
      const fromGland = depth - (layers.gland[x] as number);
      const fromMuscle = depth - (layers.muscle[x] as number);
      const tissue = mix(mix(fat, gland, smooth(fromGland / 0.05)), muscle, smooth(fromMuscle / 0.03));
      const fascia = 11 * bump(fromMuscle / 0.02) * smooth(0.7 + patch);
      const skin = 12 * bump((depth - 0.015) / 0.03) + 7 * bump((depth - 0.06) / 0.018);
      echo[i] = tissue + fascia + skin;
    }
  }
  return echo;
}

interface Layers {
  /** By column: depth of the layer's beginning, as a share of the height. */
  readonly gland: Float64Array;
  readonly muscle: Float64Array;
  /** By column: how far the fibres are bent, in pixels. */
  readonly bendPx: Float64Array;
  readonly fatDb: number;
  readonly muscleDb: number;
  readonly fibreDb: number;
  readonly patchDb: number;
  /** Striations of muscle over the image's height. */
  readonly striations: number;
  readonly muscleTilt: number;
}

function drawLayers(draw: Stream, sizePx: number): Layers {
  const glandDepth = mix(0.08, 0.34, draw.uniform());
  const muscleDepth = mix(0.62, 1.15, draw.uniform());
  const bendPx = sizePx * mix(0.02, 0.09, draw.uniform());
  return {
    gland: wave(draw, sizePx, 3).map((offset) => glandDepth + 0.08 * offset),
    muscle: wave(draw, sizePx, 2).map((offset) => muscleDepth + 0.06 * offset),
    bendPx: wave(draw, sizePx, 3 + draw.integer(3)).map((offset) => bendPx * offset),
    fatDb: mix(-12, -4, draw.uniform()),
    muscleDb: mix(-17, -9, draw.uniform()),
    fibreDb: mix(5, 15, draw.uniform()),
    patchDb: mix(6, 18, draw.uniform()),
    striations: 10 + draw.integer(10),
    muscleTilt: mix(-2, 2, draw.uniform()),
  };
}

/** The field with each column moved down by so many pixels. */
function bend(field: Float64Array, byPx: Float64Array): Float64Array {
  const sizePx = byPx.length;
  const bent = new Float64Array(field.length);
  for (let x = 0; x < sizePx; x++) {
    const shift = byPx[x] as number;
    for (let y = 0; y < sizePx; y++) {
      const from = Math.min(sizePx - 1.001, Math.max(0, y - shift));
      const row = Math.floor(from);
      const at = row * sizePx + x;
      bent[y * sizePx + x] = mix(
        field[at] as number,
        field[Math.min(at + sizePx, field.length - 1)] as number,
        from - row,
      );
    }
  }
  return bent;
}

/** Bright lines where a smooth field crosses its middle: 1 there, 0 away from it. */
function ridgeOf(value: number): number {
  const line = 1 - 6 * Math.abs(value - 0.5);
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
