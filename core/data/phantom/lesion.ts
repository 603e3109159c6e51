// A lesion: where it is, its outline, echo, margin and what it does to the beam behind it. What tells the classes apart (BI-RADS):
// benign oval, wider than tall, smooth, sharp, sound enhanced behind it; malignant taller than wide, spiculated, indistinct, shadow
// behind it. Each sign is drawn for itself around its class's mean; difficulty brings the means together.
import { atan2, exp } from "../../exact-math.ts";
import type { Stream } from "../../random.ts";
import type { PhantomSource } from "../source.ts";
import { mix } from "./noise.ts";

export interface Lesion {
  readonly centerX: number;
  readonly centerY: number;
  /** Outline's distance from the center in pixels, by direction (`directionOf`), float64 [DIRECTIONS + 1]. */
  readonly radiusPx: Float64Array;
  /** Relative to glandular tissue, dB. */
  readonly echoDb: number;
  /** Width of the margin as a share of the radius. */
  readonly margin: number;
  /** Brightness of the rim around it, dB. */
  readonly rimDb: number;
  /** What a beam loses on its way through the lesion's whole mean height, dB; negative: enhancement. */
  readonly shadowDb: number;
}

/** How strongly each sign speaks for malignancy, 0 to 1. */
interface Signs {
  readonly tall: number;
  readonly spiculated: number;
  readonly indistinct: number;
  readonly shadow: number;
}

export const DIRECTIONS = 256;

export function drawLesion(draw: Stream, source: PhantomSource, label: number): Lesion {
  const texture = source.task === "texture";
  const malignant = texture ? label % 2 === 1 : label === 1;
  const signs = drawSigns(draw, malignant, source.difficulty);
  const size = source.sizePx;
  const meanRadius = size * mix(0.09, 0.2, draw.uniform());
  const aspect = mix(0.5, 1.45, signs.tall) * mix(0.92, 1.08, draw.uniform()); // height over width
  const root = Math.sqrt(aspect);
  const outline = {
    halfWidth: meanRadius / root,
    halfHeight: meanRadius * root,
    tilt: mix(-0.3, 0.3, draw.uniform()),
    lobes: mix(0.02, 0.12, signs.spiculated),
    spicules: 0.6 * signs.spiculated * signs.spiculated,
  };
  return {
    centerX: size * mix(0.28, 0.72, draw.uniform()),
    centerY: size * mix(0.3, 0.6, draw.uniform()),
    radiusPx: drawOutline(draw, outline),
    echoDb: echoOf(draw, texture ? Math.floor(label / 2) : null),
    margin: mix(0.12, 0.55, signs.indistinct),
    rimDb: mix(1, 6, draw.uniform()),
    shadowDb: mix(-5, 10, signs.shadow),
  };
}

function drawSigns(draw: Stream, malignant: boolean, difficulty: number): Signs {
  const mean = (malignant ? 1 : -1) * mix(2.75, 0.1, difficulty);
  const sign = (): number => 1 / (1 + exp(-(mean + draw.normal()))); // logistic: into 0 … 1
  return { tall: sign(), spiculated: sign(), indistinct: sign(), shadow: sign() };
}

/** Means of the texture task's echo classes, dB: anechoic, hypoechoic, isoechoic, hyperechoic. */
const ECHO_DB = [-38, -17, -3, 10] as const;

function echoOf(draw: Stream, echoClass: number | null): number {
  return echoClass === null ? mix(-26, -13, draw.uniform()) : (ECHO_DB[echoClass] as number) + draw.normal() * 1.5;
}

interface OutlineShape {
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Radians. */
  readonly tilt: number;
  /** Height of lobes as a share of the radius. */
  readonly lobes: number;
  /** Length of spicules as a share of the radius. */
  readonly spicules: number;
}

/** An ellipse with lobes (a few low harmonics) and spicules (narrow spikes of random height). */
function drawOutline(draw: Stream, { halfWidth, halfHeight, tilt, lobes, spicules }: OutlineShape): Float64Array {
  const harmonics = Float64Array.from({ length: 6 }, draw.normal);
  const count = 9 + draw.integer(9);
  const heights = Float64Array.from({ length: count }, draw.uniform);
  const radius = new Float64Array(DIRECTIONS + 1);
  for (let k = 0; k <= DIRECTIONS; k++) {
    const [dx, dy] = unitVector(k);
    const x = (dx + tilt * dy) / halfWidth;
    const y = (dy - tilt * dx) / halfHeight;
    const bent = 1 + lobes * bumpiness(dx, dy, harmonics) + spicules * spikeAt(dx, dy, heights);
    radius[k] = Math.max(0.35, bent) / Math.sqrt(x * x + y * y);
  }
  return radius;
}

/** A sum of the second to fourth harmonic of the angle, written in its sine and cosine. */
function bumpiness(dx: number, dy: number, harmonics: Float64Array): number {
  const [cos2, sin2] = [dx * dx - dy * dy, 2 * dx * dy];
  const [cos3, sin3] = [cos2 * dx - sin2 * dy, sin2 * dx + cos2 * dy];
  const [cos4, sin4] = [cos2 * cos2 - sin2 * sin2, 2 * cos2 * sin2];
  const terms = [cos2, sin2, cos3, sin3, cos4, sin4];
  return terms.reduce((sum, term, i) => sum + term * (harmonics[i] as number), 0);
}

/** 0 between spicules, up to 1 at the tip of one. */
function spikeAt(dx: number, dy: number, heights: Float64Array): number {
  const turn = ((atan2(dy, dx) / Math.PI + 1) / 2) * heights.length;
  const index = Math.floor(turn);
  const tip = 1 - Math.abs(2 * (turn - index) - 1);
  const height = heights[index % heights.length] as number;
  return 1.3 * tip * height * height - 0.2;
}

/** Direction of a vector as a number in [0, DIRECTIONS): the diamond angle, which needs no trigonometry. */
export function directionOf(dx: number, dy: number): number {
  const length = Math.abs(dx) + Math.abs(dy);
  if (length === 0) return 0;
  const quarter = dy >= 0 ? (dx >= 0 ? dy / length : 1 - dx / length) : dx < 0 ? 2 - dy / length : 3 + dx / length;
  return (quarter * DIRECTIONS) / 4 >= DIRECTIONS ? 0 : (quarter * DIRECTIONS) / 4;
}

/** The unit vector whose direction is k. */
function unitVector(k: number): [number, number] {
  const quarter = ((k % DIRECTIONS) * 4) / DIRECTIONS;
  const t = quarter - Math.floor(quarter);
  const [x, y] = [
    [1 - t, t],
    [-t, 1 - t],
    [t - 1, -t],
    [t, t - 1],
  ][Math.floor(quarter)] as [number, number];
  const length = Math.sqrt(x * x + y * y);
  return [x / length, y / length];
}
