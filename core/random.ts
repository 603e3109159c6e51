// Independent random streams: stream(seed, name, ...position) always gives the same numbers, whatever else was drawn.
// seedrandom turns the name into a key; Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3")
// draws from it by counter, so that the n-th number does not depend on how many were asked for at a time.
import seedrandom from "seedrandom";
import { cos, log, sin } from "./exact-math.ts";

export interface Stream {
  /** The next 32 random bits, 0 to 2^32 - 1. */
  readonly uint32: () => number;
  /** Uniform in [0, 1), with 53 random bits. */
  readonly uniform: () => number;
  /** Uniform whole number in [0, below), without modulo bias. @param below 1 to 2^32 */
  readonly integer: (below: number) => number;
  /** Standard normal, by Box and Muller (1958). */
  readonly normal: () => number;
  /** Fills `values` with std times what that many calls of `normal` would give. */
  readonly fillNormal: (values: Float32Array, std: number) => void;
  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  readonly shuffle: <T>(items: T[]) => T[];
}

/**
 * A stream of random numbers, known by a seed, a name and a position; another name or position is another stream.
 * @example stream(0, "augment", epoch, sampleId).uniform()
 */
export function stream(seed: number | string, name: string, ...position: (number | string)[]): Stream {
  const key = seedrandom(JSON.stringify([seed, name, ...position]));
  return philoxStream(key.int32() >>> 0, key.int32() >>> 0);
}

function philoxStream(key0: number, key1: number): Stream {
  const block = new Uint32Array(4);
  let counter = 0; // of blocks; 2^53 of them
  let used = 4;
  let spare: number | null = null; // the second normal of a pair

  const uint32 = (): number => {
    if (used === 4) {
      philox(block, counter++, key0, key1);
      used = 0;
    }
    return block[used++] as number;
  };
  const uniform = (): number => fraction(uint32(), uint32());
  const integer = (below: number): number => {
    const limit = 4294967296 - (4294967296 % below);
    for (;;) {
      const bits = uint32();
      if (bits < limit) return bits % below;
    }
  };
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * sin(angle);
    return radius * cos(angle);
  };
  const fillNormal = (values: Float32Array, std: number): void => {
    const pairs = used === 4 && spare === null ? values.length >> 1 : 0; // a block each, where nothing of the last one is left
    fillPairs(values, std, { pairs, counter, key0, key1 });
    counter += pairs;
    for (let i = 2 * pairs; i < values.length; i++) values[i] = std * normal();
  };
  const shuffle = <T>(items: T[]): T[] => {
    for (let i = items.length - 1; i > 0; i--) {
      const j = integer(i + 1);
      [items[i], items[j]] = [items[j] as T, items[i] as T];
    }
    return items;
  };
  return { uint32, uniform, integer, normal, fillNormal, shuffle };
}

/** What `normal` would give, in one plain loop: a network has millions of weights. */
function fillPairs(
  values: Float32Array,
  std: number,
  {
    pairs,
    counter,
    key0,
    key1,
  }: { readonly pairs: number; readonly counter: number; readonly key0: number; readonly key1: number },
): void {
  const block = new Uint32Array(4);
  for (let pair = 0; pair < pairs; pair++) {
    philox(block, counter + pair, key0, key1);
    const radius = Math.sqrt(-2 * log(1 - fraction(block[0] as number, block[1] as number)));
    const angle = 2 * Math.PI * fraction(block[2] as number, block[3] as number);
    values[2 * pair] = std * (radius * cos(angle));
    values[2 * pair + 1] = std * (radius * sin(angle));
  }
}

/** 53 of 64 random bits, as a number in [0, 1). */
function fraction(high: number, low: number): number {
  return ((high >>> 5) * 67108864 + (low >>> 6)) / 9007199254740992;
}

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9; // the golden ratio
const WEYL_1 = 0xbb67ae85; // sqrt(3) - 1

/** One Philox4x32-10 block: four words out of a 64-bit counter and a 64-bit key. */
export function philox(out: Uint32Array, counter: number, key0: number, key1: number): void {
  let x0 = counter | 0;
  let x1 = Math.floor(counter / 4294967296) | 0;
  let x2 = 0;
  let x3 = 0;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, x0);
    const low0 = Math.imul(MULTIPLIER_0, x0);
    const high1 = multiplyHigh(MULTIPLIER_1, x2);
    const low1 = Math.imul(MULTIPLIER_1, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** The upper 32 bits of the 64-bit product of two 32-bit numbers, out of 16-bit halves: whole numbers all the way, for speed. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0; // at most 2^32 - 2^16
  const carry = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) | 0;
}
