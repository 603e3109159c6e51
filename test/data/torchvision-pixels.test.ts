// Crops, pixel changes and mixes against torchvision v2's on structured images of 256 and 320 px: within 2 of 255, the same bits for
// 1, 2 and 3 threads. Every `stride`-th byte of torchvision's results is in test/golden/pixel-ops.json.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { evaluationCrops } from "../../core/data/crops.ts";
import { centerCrop } from "../../core/data/evaluation-view.ts";
import { mixRows, type Mix } from "../../core/data/mix.ts";
import type { PixelOp } from "../../core/data/pixel-op.ts";
import { changePixels, mixImages } from "../../core/data/pixel-threads.ts";
import type { Prepared } from "../../core/data/sample.ts";
import { createPortableResampler, type PortableResampler } from "../../core/engine/portable/resample.ts";
import { formulaImage, preparedFrom } from "./fixtures.ts";

interface Expected {
  /** Base64. */
  readonly expected: string;
}
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly flip: boolean;
}
interface Golden {
  readonly stride: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly crops: readonly (Expected & { readonly box: Box; readonly sizePx: number })[];
  readonly centres: readonly (Expected & { readonly fraction: number; readonly sizePx: number })[];
  readonly sizePx: number;
  readonly cases: readonly (Expected & { readonly op: PixelOp })[];
  readonly mixSizePx: number;
  readonly labels: readonly number[];
  readonly mixes: readonly (Expected & { readonly mix: Mix; readonly rows: readonly number[] })[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/pixel-ops.json", import.meta.url), "utf8")) as Golden;
const THREADS = [1, 2, 3];

let resamplers: PortableResampler[];
let prepared: Prepared;
beforeAll(async () => {
  resamplers = await Promise.all(THREADS.map((threads) => createPortableResampler({ threads })));
  const { widthPx, heightPx } = golden;
  prepared = await preparedFrom([{ widthPx, heightPx, pixels: formulaImage(widthPx, heightPx) }]);
});
afterAll(() => Promise.all(resamplers.map((resampler) => resampler.close())));

/** @param results one for each number of threads */
function check(results: readonly Uint8Array[], { expected }: Expected): void {
  const [one, ...others] = results.map((result) => Buffer.from(result)) as [Buffer, ...Buffer[]];
  for (const other of others) expect(other.equals(one)).toBe(true);
  const theirs = Buffer.from(expected, "base64");
  expect(theirs).toHaveLength(Math.ceil(one.length / golden.stride));
  const farthest = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - one[i * golden.stride]!)), 0);
  expect(farthest).toBeLessThanOrEqual(2);
}

it.each(golden.crops)("crop, resize and flip: $box to $sizePx px", async ({ box, sizePx, expected }) => {
  const cut = resamplers.map((resampler) => resampler.resample(prepared, [{ sampleIndex: 0, ...box }], sizePx));
  check(await Promise.all(cut), { expected });
});

it.each(golden.centres)("validation on the middle $fraction, to $sizePx px", async ({ fraction, sizePx, expected }) => {
  const jobs = evaluationCrops({ prepared, view: centerCrop({ fraction }) })([0]);
  check(await Promise.all(resamplers.map((resampler) => resampler.resample(prepared, jobs, sizePx))), { expected });
});

it.each(golden.cases)("pixel change: $op", async ({ op, expected }) => {
  const { sizePx } = golden;
  const change = (threads: number) => changePixels(formulaImage(sizePx, sizePx), { sizePx, threads }, [[op]]);
  check(await Promise.all(THREADS.map(change)), { expected });
});

it.each(golden.mixes)("mix of a batch and of its labels: $mix", async ({ mix, rows, expected }) => {
  const { mixSizePx: sizePx, labels } = golden;
  const images = Buffer.concat(labels.map((_, i) => formulaImage(sizePx, sizePx, 37 * i)));
  check(await Promise.all(THREADS.map((threads) => mixImages(images, { sizePx, threads }, mix))), { expected });
  const oneHot = Float32Array.from(labels.flatMap((label) => [0, 1, 2].map((k) => (k === label ? 1 : 0))));
  mixRows(oneHot, 3, [mix]).forEach((value, i) => expect(value).toBeCloseTo(rows[i]!, 6));
});
