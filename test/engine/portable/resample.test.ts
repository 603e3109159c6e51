// Crops and resizes against torchvision's, and what must hold for any image.
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { hasNative, type KernelChoice } from "../../../core/engine/portable/load.ts";
import { createPortableResampler } from "../../../core/engine/portable/resample.ts";
import { preparedFrom } from "../../data/fixtures.ts";

interface Case {
  widthPx: number;
  heightPx: number;
  pixels: number[];
  box: [number, number, number, number];
  outWidthPx: number;
  outHeightPx: number;
  flip: boolean;
  expected: number[];
}
const cases = JSON.parse(readFileSync(new URL("../../golden/resample.json", import.meta.url), "utf8")) as Case[];
const resampler = await createPortableResampler({ threads: 2 });
afterAll(() => resampler.close());

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = Math.abs(a.length - b.length);
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
  return most;
}

it("crops, resizes and flips as torchvision does, within 1 of 255", async () => {
  const square = cases.filter((one) => one.outWidthPx === one.outHeightPx);
  const prepared = await preparedFrom(square);
  for (const [sampleIndex, one] of square.entries()) {
    const [left, top, width, height] = one.box;
    const job = { sampleIndex, left, top, width, height, flip: one.flip };
    expect(farthest(await resampler.resample(prepared, [job], one.outWidthPx), one.expected)).toBeLessThanOrEqual(1);
  }
});

it("resizes a whole image to another aspect ratio as torchvision does, within 1 of 255", async () => {
  for (const one of cases.filter((c) => c.outWidthPx !== c.outHeightPx && !c.flip)) {
    const to = { widthPx: one.outWidthPx, heightPx: one.outHeightPx };
    expect(farthest(await resampler.resize(Uint8Array.from(one.pixels), one, to), one.expected)).toBeLessThanOrEqual(1);
  }
});

it("keeps an image that is not resized, and a single colour, bit by bit", async () => {
  const one = cases[0] as Case;
  expect([...(await resampler.resize(Uint8Array.from(one.pixels), one, one))]).toEqual(one.pixels);
  const plain = await resampler.resize(
    new Uint8Array(50 * 40 * 3).fill(77),
    { widthPx: 50, heightPx: 40 },
    { widthPx: 7, heightPx: 90 },
  );
  expect(new Set(plain)).toEqual(new Set([77]));
});

it("gives the same bits for 1, 2 and 3 threads, from wasm and native kernels, and however jobs are grouped", async () => {
  const prepared = await preparedFrom(cases);
  const jobs = cases.map((one, sampleIndex) => {
    const [left, top, width, height] = one.box;
    return {
      sampleIndex,
      left: left + 0.25,
      top: top + 0.125,
      width: width - 0.5,
      height: height - 0.75,
      flip: one.flip,
    };
  });
  const kinds: readonly KernelChoice[] =
    process.arch === "x64" && hasNative() ? ["wasm", "native-sse2", "auto"] : ["wasm", "auto"];
  for (const sizePx of [3, 11, 96]) {
    const together = await resampler.resample(prepared, jobs, sizePx);
    for (const [i, kernels] of kinds.entries()) {
      const other = await createPortableResampler({ threads: 1 + (i % 3), kernels });
      const single = await Promise.all(jobs.map((job) => other.resample(prepared, [job], sizePx)));
      await other.close();
      expect(Buffer.concat(single).equals(Buffer.from(together)), `${kernels} at ${sizePx} px`).toBe(true);
    }
  }
});

it("refuses a box that is not inside its image", async () => {
  const prepared = await preparedFrom([cases[0] as Case]);
  const job = { sampleIndex: 0, left: 10, top: 0, width: 8, height: 5, flip: false };
  await expect(resampler.resample(prepared, [job], 8)).rejects.toThrow("is not inside an image of 17 x 13");
});
