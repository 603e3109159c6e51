// One simulated B-mode image: echo of the tissue, a lesion in it, the beam's losses on its way down, speckle, and the logarithmic
// compression of the display. All decibels are summed per pixel; the arithmetic is exact, so that every machine draws the same.
import { log } from "../../exact-math.ts";
import { stream, type Stream } from "../../random.ts";
import type { PhantomSource } from "../source.ts";
import { directionOf, drawLesion, type Lesion } from "./lesion.ts";
import { mix, smooth, wave } from "./noise.ts";
import { specklePower } from "./speckle.ts";
import { tissueEcho } from "./tissue.ts";

/** @returns uint8 [sizePx, sizePx] @param label index of its class @param i number of the image in the set */
export function drawPhantom(source: PhantomSource, label: number, i: number): Uint8Array {
  const { sizePx, seed, task } = source;
  const position = [task, sizePx, i] as const;
  const echo = tissueEcho(stream(seed, "phantom", ...position, "tissue"), sizePx);
  placeLesion(echo, sizePx, drawLesion(stream(seed, "phantom", ...position, "lesion"), source, label));
  const draw = stream(seed, "phantom", ...position, "speckle");
  shadeBeams(echo, sizePx, draw);
  return display(echo, sizePx, draw);
}

/** Puts the lesion's echo into the tissue, and its shadow or enhancement behind it. */
function placeLesion(echo: Float64Array, sizePx: number, lesion: Lesion): void {
  const loss = new Float64Array(sizePx); // by column, dB so far
  const lossPerPx = lesion.shadowDb / meanHeightPx(lesion);
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const i = y * sizePx + x;
      const out = distanceOut(lesion, x, y);
      const inside = smooth(0.5 - out / lesion.margin);
      const rim = lesion.rimDb * smooth(1 - Math.abs(out - 0.12) / 0.16);
      const tissue = echo[i] as number;
      echo[i] = mix(tissue, lesion.echoDb + 0.2 * tissue, inside) + rim * (1 - inside) - (loss[x] as number);
      loss[x] = (loss[x] as number) + inside * lossPerPx;
    }
    if (y % 4 === 3) spread(loss); // the shadow's edges blur on the way down
  }
}

/** How far outside the outline a pixel is, as a share of the radius there; negative inside. */
function distanceOut({ centerX, centerY, radiusPx }: Lesion, x: number, y: number): number {
  const dx = x - centerX;
  const dy = y - centerY;
  const direction = directionOf(dx, dy);
  const k = Math.floor(direction);
  const radius = mix(radiusPx[k] as number, radiusPx[k + 1] as number, direction - k);
  return Math.sqrt(dx * dx + dy * dy) / radius - 1;
}

function meanHeightPx({ radiusPx }: Lesion): number {
  return 2 * (radiusPx.reduce((sum, radius) => sum + radius, 0) / radiusPx.length);
}

function spread(loss: Float64Array): void {
  let left = loss[0] as number;
  for (let x = 1; x < loss.length - 1; x++) {
    const own = loss[x] as number;
    loss[x] = 0.25 * left + 0.5 * own + 0.25 * (loss[x + 1] as number);
    left = own;
  }
}

/** Attenuation that the time-gain compensation leaves over, and beams that lost contact with the skin or met a dense strand. */
function shadeBeams(echo: Float64Array, sizePx: number, draw: Stream): void {
  const tiltDb = mix(-26, -2, draw.uniform()); // from top to bottom
  const focus = mix(0.25, 0.6, draw.uniform());
  const beams = wave(draw, sizePx, 6 + draw.integer(6));
  const beamDb = mix(2, 10, draw.uniform());
  for (let y = 0; y < sizePx; y++) {
    const depth = y / sizePx;
    const focusDb = 5 * (1 - Math.abs(depth - focus) / 0.5);
    for (let x = 0; x < sizePx; x++) {
      const i = y * sizePx + x;
      echo[i] = (echo[i] as number) + tiltDb * depth + focusDb + beamDb * depth * (beams[x] as number);
    }
  }
}

const DB_PER_NEPER = 4.342944819032518; // 10 / ln 10
/** Added power that keeps the nulls of the speckle from turning black. */
const RECEIVER_NOISE = 0.1;
/** What is left of the speckle's contrast after compounding over angles. */
const COMPOUNDING = 0.55;

/** @returns grey values: decibels mapped to 0 … 255 over the display's dynamic range */
function display(echo: Float64Array, sizePx: number, draw: Stream): Uint8Array {
  const scale = sizePx / 96;
  const spread = { axialPx: mix(0.55, 0.8, draw.uniform()) * scale, lateralPx: mix(0.8, 1.35, draw.uniform()) * scale };
  const rangeDb = mix(44, 58, draw.uniform());
  const floorDb = mix(-33, -23, draw.uniform()); // what is shown as black
  const power = specklePower(draw, sizePx, spread);
  const grey = new Uint8Array(sizePx * sizePx);
  for (let i = 0; i < grey.length; i++) {
    const speckleDb = DB_PER_NEPER * log((power[i] as number) + RECEIVER_NOISE);
    const level = (((echo[i] as number) + COMPOUNDING * speckleDb - floorDb) * 255) / rangeDb;
    grey[i] = level <= 0 ? 0 : level >= 255 ? 255 : Math.round(level);
  }
  return grey;
}
