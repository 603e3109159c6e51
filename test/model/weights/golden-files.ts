// The weights files of test/golden/weights-files.py, unpacked, and what they hold.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { mobilenetV3, type MobilenetV3Settings } from "../../../core/model/mobilenet-v3.ts";
import { elementCount, type Network } from "../../../core/model/network.ts";

/** Unpacks a golden file into a folder. @returns its path */
export function unpack(name: string, folder: string): string {
  const path = join(folder, name);
  writeFileSync(path, gunzipSync(readFileSync(`test/golden/weights/${name}.gz`)));
  return path;
}

export function makeNetwork(change: Partial<MobilenetV3Settings>): Network {
  const batchNorm = { eps: 1e-3, momentum: 0.01 };
  const base = {
    size: "large",
    layout: "torchvision",
    widthMult: 1,
    classes: 3,
    imageSizePx: 96,
    dropout: 0.2,
  } as const;
  return mobilenetV3({ ...base, batchNorm, ...change });
}

/** Element i of the parameter at position p. */
export function goldenValue(p: number, i: number): number {
  return (((p * 31 + i) % 251) - 125) / 128;
}

export function goldenState(network: Network): Map<string, Float32Array> {
  return new Map(
    network.parameters.map(({ name, shape }, p) => [
      name,
      Float32Array.from({ length: elementCount(shape) }, (_, i) => goldenValue(p, i)),
    ]),
  );
}

/** Names of the golden parameters whose bits differ; quicker than toEqual on arrays. */
export function differingNames(network: Network, received: (name: string) => Float32Array | undefined): string[] {
  const bytes = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const differs = ([name, values]: [string, Float32Array]) => {
    const other = received(name);
    return other === undefined || !bytes(values).equals(bytes(other));
  };
  return [...goldenState(network)].filter(differs).map(([name]) => name);
}
