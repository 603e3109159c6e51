// States, images and targets by formula, the same as in test/golden/model-torch.py: what the whole-network tests of the engines compare
// with torchvision, without any weights stored. Integer arithmetic and float64 until the cast to float32, so both sides have the same bits.
import { elementCount, type Network, type Parameter } from "../../core/model/network.ts";

/** All parameters and statistics of the network. */
export function formulaState(network: Network): Map<string, Float32Array> {
  return new Map(network.parameters.map((parameter, position) => [parameter.name, formulaValues(parameter, position)]));
}

/** uint8 [batch, sizePx, sizePx, 3]: squares of 16 px under finer noise. */
export function formulaImages(batch: number, sizePx: number): Uint8Array {
  const images = new Uint8Array(batch * sizePx * sizePx * 3);
  let at = 0;
  for (let b = 0; b < batch; b++)
    for (let y = 0; y < sizePx; y++)
      for (let x = 0; x < sizePx; x++)
        for (let c = 0; c < 3; c++) {
          const coarse = mix(((b * 3 + c) * 64 + (y >> 4)) * 64 + (x >> 4) + 1) >>> 24;
          const fine = mix(((b * 3 + c) * 1024 + y) * 1024 + x + 0x40000000) >>> 26;
          images[at++] = ((coarse * 3) >> 2) + fine;
        }
  return images;
}

/** float32 [batch, classes]: row b is class b mod classes, smoothed as in PyTorch. */
export function formulaTargets(batch: number, classes: number, smoothing: number): Float32Array {
  const targets = new Float32Array(batch * classes);
  for (let b = 0; b < batch; b++)
    for (let k = 0; k < classes; k++)
      targets[b * classes + k] = smoothing / classes + (k === b % classes ? 1 - smoothing : 0);
  return targets;
}

/** float32 [batch, features]: 0 or 1 / (1 - rate). */
export function formulaDropoutMask(batch: number, features: number, rate: number): Float32Array {
  return Float32Array.from({ length: batch * features }, (_, i) =>
    (uniform(977, i) + 1) / 2 < rate ? 0 : 1 / (1 - rate),
  );
}

function formulaValues({ kind, shape }: Parameter, position: number): Float32Array {
  const bound = Math.sqrt(6 / elementCount(shape.slice(1))); // variance 2 / fan-in
  const value = {
    convWeight: (u: number) => u * bound,
    depthwiseWeight: (u: number) => u * bound,
    denseWeight: (u: number) => u * bound,
    runningVar: (u: number) => 2.25 * (1 + u / 2),
    batchNormWeight: (u: number) => 1.25 + u / 2,
    batchNormBias: (u: number) => u / 2,
    bias: (u: number) => u / 2,
    runningMean: (u: number) => u / 2,
  }[kind];
  return Float32Array.from({ length: elementCount(shape) }, (_, i) => value(uniform(position + 1, i)));
}

/** A number in [-1, 1), a multiple of 2^-23. */
function uniform(seed: number, index: number): number {
  return (mix((Math.imul(seed, 0x9e3779b9) + index) >>> 0) >>> 8) / 8388608 - 1;
}

/** MurmurHash3's finaliser (Appleby). */
export function mix(word: number): number {
  let x = word >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
