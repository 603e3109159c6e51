import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../../../core/model/weights/safetensors.ts";
import { toFloat32 } from "../../../core/model/weights/tensor.ts";
import { differingNames, makeNetwork, unpack } from "./golden-files.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-safetensors-"));
const real = "../shared/data/importers/safetensors/mnist-tinygrad.safetensors";

describe("safetensors", () => {
  const tensors = new Map([
    ["b", { shape: [2, 2], values: Float32Array.of(1, -0, NaN, 3e38) }],
    ["a", { shape: [], values: Float32Array.of(7) }],
  ]);

  it("reads what it writes, bit for bit, with metadata and in order", () => {
    const file = writeSafetensors(tensors, { epoch: "3" });
    const back = readSafetensors(file, "x");
    expect(back).toEqual({ tensors, metadata: { epoch: "3" } });
    expect([...back.tensors.keys()]).toEqual(["b", "a"]);
  });

  it("aligns its arrays to 8 bytes", () => {
    const file = writeSafetensors(tensors);
    expect(Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true)) % 8).toBe(0);
  });

  it("reads half precision as the safetensors package writes it", () => {
    const network = makeNetwork({ widthMult: 0.25 });
    const { tensors } = readSafetensors(readFileSync(unpack("large-half.safetensors", folder)), "half");
    expect(differingNames(network, (name) => tensors.get(name)?.values)).toEqual([]); // all values are exact in half
  });

  it("decodes half and bfloat16 at their edges", () => {
    const half = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x7e00);
    expect([...toFloat32(new Uint8Array(half.buffer), "f16")]).toEqual([
      5.960464477539063e-8,
      0.00006097555160522461,
      0.00006103515625,
      65504,
      Infinity,
      -Infinity,
      -0,
      NaN,
    ]);
    const bfloat = Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x0001);
    expect([...toFloat32(new Uint8Array(bfloat.buffer), "bf16")]).toEqual([1, -3, Infinity, 9.183549615799121e-41]);
  });

  it("names a file that is cut, or whose header lies", () => {
    const file = writeSafetensors(tensors);
    for (const length of [4, 20, file.length - 1]) {
      expect(() => readSafetensors(file.subarray(0, length), "cut")).toThrow(/cut: damaged: /);
    }
    const lying = new TextDecoder("latin1").decode(file).replace("[2,2]", "[9,9]");
    expect(() => readSafetensors(Buffer.from(lying, "latin1"), "lie")).toThrow(/expected 324 bytes/);
  });

  it.skipIf(!existsSync(real))("reads a real file", () => {
    const { tensors } = readSafetensors(readFileSync(real), "mnist");
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["l1.weight", [128, 784]],
      ["l2.weight", [10, 128]],
    ]);
  });
});
